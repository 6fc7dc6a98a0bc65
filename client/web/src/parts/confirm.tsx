import { useEffect, useId, useRef } from "react";

/** Asks before something that cannot be taken back. */
export function Confirm(props: { title: string; words: string; yes: string; onYes: () => void; onNo: () => void }) {
  const { title, words, yes, onYes, onNo } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={heading} onCancel={onNo}>
      <h2 id={heading}>{title}</h2>
      <p className="dialog__words">{words}</p>
      <div className="row">
        <button type="button" className="button button--grave" onClick={onYes}>
          {yes}
        </button>
        <button type="button" className="button" onClick={onNo}>
          Go back
        </button>
      </div>
    </dialog>
  );
}

import { useState } from "react";

import { Confirm } from "../parts/confirm";
import { PauseIcon, PlayIcon, SkipIcon } from "../parts/icons";
import { useSession } from "../room/useRoom";

export function PauseButton({ paused }: { paused: boolean }) {
  const session = useSession();
  return (
    <button
      type="button"
      className={paused ? "button button--main button--small" : "button button--quiet"}
      onClick={() => session.wish({ kind: paused ? "resume_interview" : "pause_interview" })}
    >
      {paused ? <PlayIcon /> : <PauseIcon />} {paused ? "Go on" : "Pause"}
    </button>
  );
}

export function EndButton({ ending }: { ending: boolean }) {
  const session = useSession();
  const [asking, setAsking] = useState(false);
  return (
    <>
      <button type="button" className="button button--quiet" disabled={ending} onClick={() => setAsking(true)}>
        {ending ? "Ending…" : "End"}
      </button>
      {asking && (
        <Confirm
          title="End the interview here?"
          words="No further question will be asked. What was said so far is kept, marked and put into the report."
          yes="End it"
          onYes={() => {
            session.wish({ kind: "end_interview" });
            setAsking(false);
          }}
          onNo={() => setAsking(false)}
        />
      )}
    </>
  );
}

/** Skips after a second press, so that no answer is lost to a slip. */
export function SkipButton({ idle, skip }: { idle: boolean; skip: () => void }) {
  const [sure, setSure] = useState(false);
  if (!sure) {
    return (
      <button type="button" className="button button--small" disabled={idle} onClick={() => setSure(true)}>
        <SkipIcon /> Skip
      </button>
    );
  }
  return (
    <>
      <button type="button" className="button button--small button--grave" disabled={idle} onClick={skip}>
        Yes, skip it
      </button>
      <button type="button" className="button button--small button--quiet" onClick={() => setSure(false)}>
        Keep it
      </button>
    </>
  );
}

import { useCallback, useEffect, useRef, useState, type RefObject } from "react";

import type { Command } from "../protocol";
import { OTHER_QUESTION } from "../parts/notices";
import { useRefusals, useSession } from "../room/useRoom";
import type { Refusing } from "../room/session";
import type { Shelf } from "../room/shelf";
import "./written.css";

const TYPING_EVERY_MS = 2_000;
const LONGEST = 10_000;

/** What is written to one question and not sent yet. Kept on this device: a reload, or a tab that dies, loses nothing. */
export function useDraft(shelf: Shelf, turn: number, question: string) {
  const [draft, setDraft] = useState(() => shelf.draft(turn, question));
  const [shown, setShown] = useState({ turn, question });
  if (shown.turn !== turn || shown.question !== question) {
    setShown({ turn, question });
    setDraft(shelf.draft(turn, question));
  }
  const write = useCallback(
    (text: string) => {
      setDraft(text);
      shelf.writeDraft(turn, question, text);
    },
    [shelf, turn, question],
  );
  return [draft, write] as const;
}

interface Props {
  turn: number;
  held: boolean;
  box: RefObject<HTMLTextAreaElement | null>;
  draft: string;
  write: (text: string) => void;
  /** The first key of an answer. */
  began: () => void;
  send: () => void;
}

/** Typing an answer: an equal of speaking, always in reach. */
export function Written({ turn, held, box, draft, write, began, send }: Props) {
  const session = useSession();
  const toldAt = useRef(0);
  const holding = useRef(0);

  const takeBack = useCallback(
    ({ refused, command }: Refusing) => {
      if (refused.code === OTHER_QUESTION) return; // it must not be sent with this one
      if (isAnswer(command) && command.turn === turn) write(draft ? `${command.text}\n${draft}` : command.text);
    },
    [write, draft, turn],
  );
  useRefusals(session, takeBack);
  useEffect(() => {
    holding.current = held ? turn : 0;
  }, [held, turn]);

  function typed(text: string) {
    write(text);
    if (!text) return;
    if (holding.current !== turn) {
      holding.current = turn;
      began();
      session.wish({ kind: "hold_turn", turn });
    }
    if (Date.now() - toldAt.current >= TYPING_EVERY_MS) {
      toldAt.current = Date.now();
      session.typing(turn);
    }
  }

  return (
    <form
      className="written"
      onSubmit={(submit) => {
        submit.preventDefault();
        send();
      }}
    >
      <label htmlFor="written" className="unseen">
        Type your answer
      </label>
      <textarea
        id="written"
        ref={box}
        rows={draft ? 3 : 1}
        maxLength={LONGEST}
        placeholder="Or type: it counts just the same"
        value={draft}
        onChange={(change) => typed(change.target.value)}
        onKeyDown={(press) => {
          if (press.key === "Enter" && (press.ctrlKey || press.metaKey)) send();
          if (press.key === "Escape") press.currentTarget.blur();
        }}
      />
      {draft.trim() && (
        <div className="row written__send">
          <button type="submit" className="button button--small">
            Add to my answer <kbd>Ctrl ↵</kbd>
          </button>
          {draft.length > LONGEST - 500 && (
            <span className="soft small numbers">{LONGEST - draft.length} characters left</span>
          )}
        </div>
      )}
    </form>
  );
}

function isAnswer(command: Command | null): command is Extract<Command, { kind: "type_answer" }> {
  return command?.kind === "type_answer";
}

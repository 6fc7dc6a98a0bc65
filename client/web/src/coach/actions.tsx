import { useState, type SyntheticEvent } from "react";

import type { Command, Room } from "../protocol";
import { openTurn } from "../room/mirror";
import { useConnection, useSession } from "../room/useRoom";
import { nameOf } from "../words";
import { WriteQuestion } from "./write";

const LONGEST = 1_000;

/** One line of text that becomes a wish. */
export function LineForm(props: {
  label: string;
  hint: string;
  button: string;
  disabled?: boolean;
  wish: (text: string) => Command;
}) {
  const { label, hint, button, disabled = false, wish } = props;
  const session = useSession();
  const [text, setText] = useState("");
  function send(submit: SyntheticEvent) {
    submit.preventDefault();
    if (!text.trim() || disabled) return;
    session.wish(wish(text.trim()));
    setText("");
  }
  return (
    <form className="field" onSubmit={send}>
      <label>
        {label}
        <span className="line-form">
          <input
            type="text"
            maxLength={LONGEST}
            placeholder={hint}
            value={text}
            disabled={disabled}
            onChange={(change) => setText(change.target.value)}
          />
          <button type="submit" className="button" disabled={disabled || !text.trim()}>
            {button}
          </button>
        </span>
      </label>
    </form>
  );
}

export function Whisper() {
  return (
    <LineForm
      label="Whisper to the candidate"
      hint="Say what came of it"
      button="Whisper"
      wish={(text) => ({ kind: "whisper", text })}
    />
  );
}

/** Private notes, newest first. */
export function Notes({ room }: { room: Room }) {
  return (
    <div className="stack">
      {room.phase !== "closed" && (
        <LineForm
          label="Private note"
          hint="Only coaches see it"
          button="Note"
          wish={(text) => ({ kind: "take_note", text })}
        />
      )}
      {room.notes.length > 0 && (
        <ul className="lines" aria-label="Notes">
          {room.notes.toReversed().map((note, n) => (
            <li key={room.notes.length - n}>
              <span className="soft small">{nameOf(room, note.by)}</span> {note.text}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** The interviewer's chair: take it, ask from it, hand it back. */
export function Chair({ room }: { room: Room }) {
  const session = useSession();
  const you = useConnection(session, (connection) => connection.you?.id);
  if (room.chair !== null && room.chair !== you) {
    return <p className="soft">{nameOf(room, room.chair)} sits in the interviewer’s chair.</p>;
  }
  if (room.chair === null) {
    return (
      <div className="stack">
        <p className="soft small">
          The AI interviewer asks. Take the chair to ask your own questions; you can hand it back.
        </p>
        <div>
          <button type="button" className="button" onClick={() => session.wish({ kind: "take_over" })}>
            Take over as interviewer
          </button>
        </div>
      </div>
    );
  }
  const waits = openTurn(room) !== null || room.phase === "lobby" || room.paused || room.ending;
  return (
    <div className="stack">
      <p>You sit in the interviewer’s chair.</p>
      <WriteQuestion
        label="Ask your own question"
        hint={waits ? "When the open answer is finished" : "What would you like to know?"}
        button="Ask"
        disabled={waits}
        kind="ask_own"
      />
      <div>
        <button type="button" className="button" onClick={() => session.wish({ kind: "hand_back" })}>
          Hand back to the AI interviewer
        </button>
      </div>
    </div>
  );
}

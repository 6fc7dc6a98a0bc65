import { useEffect, useRef } from "react";

import type { Room, Turn } from "../protocol";
import { person } from "../room/mirror";
import { nameOf } from "../words";
import type { Reading } from "./useReading";

/** The question, large, with who asks it. A new one takes the focus, unless somebody is typing. */
export function Question({ room, turn, reading }: { room: Room; turn: Turn | null; reading: Reading }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const number = turn?.number;
  useEffect(() => {
    const busy = document.activeElement instanceof HTMLTextAreaElement || document.querySelector("dialog[open]");
    if (!busy) heading.current?.focus({ preventScroll: true });
  }, [number]);
  if (!turn) return null;
  return (
    <section className="question" key={turn.number}>
      <p className="question__by">
        <Asker room={room} turn={turn} />
        {turn.question.kind === "follow_up" && <span className="soft">follow-up</span>}
        {turn.question.competence && <span className="soft">{turn.question.competence}</span>}
        {reading.now && (
          <button type="button" className="button button--quiet question__cut" onClick={reading.cut}>
            Stop reading, answer now
          </button>
        )}
      </p>
      <h1 ref={heading} tabIndex={-1} className="question__text">
        {turn.question.text}
      </h1>
    </section>
  );
}

/** The AI interviewer is always named as one; a person by their name. */
export function Asker({ room, turn }: { room: Room; turn: Turn }) {
  const who = person(room, turn.by);
  if (!who) {
    return (
      <span className="asker asker--ai">
        <span className="asker__sign" aria-hidden="true">
          AI
        </span>
        AI interviewer
      </span>
    );
  }
  const name = nameOf(room, turn.by);
  return (
    <span className="asker">
      <span className="asker__sign" aria-hidden="true">
        {name.replace(/^The /, "").slice(0, 1).toUpperCase()}
      </span>
      {name}, a person
    </span>
  );
}

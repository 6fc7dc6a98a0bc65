import { useCallback, useMemo, useState } from "react";

import { getQuestions, type BankQuestion } from "../api";
import { TroubleLine } from "../parts/trouble";
import { useAnswer } from "../parts/useAnswer";
import type { Room } from "../protocol";
import { useSession } from "../room/useRoom";
import { WriteQuestion } from "./write";

/** The question bank, to search and to choose the next question from. */
export function NextQuestion({ room }: { room: Room }) {
  const session = useSession();
  const ask = useCallback(() => getQuestions(room.mode), [room.mode]);
  const { answer: questions, problem, again } = useAnswer(ask);
  const [sought, setSought] = useState("");
  const asked = useMemo(() => new Set(room.turns.map((turn) => turn.question.id)), [room.turns]);
  const found = useMemo(() => search(questions ?? [], sought), [questions, sought]);
  const next = room.written ?? questions?.find(({ id }) => id === room.chosen);
  if (problem) {
    return (
      <TroubleLine sentence={problem.sentence}>
        <button type="button" className="button" onClick={again}>
          Try again
        </button>
      </TroubleLine>
    );
  }
  return (
    <div className="stack">
      <p role="status" className={next ? "next__chosen" : "soft small"}>
        {next ? <>Next: {next.text}</> : "The interviewer chooses, unless you do."}
      </p>
      <WriteQuestion
        label="Write a question"
        hint="In your own words"
        button="Ask next"
        disabled={room.ending || room.phase === "closed"}
        kind="write_next"
      />
      <div className="field">
        <label htmlFor="sought" className="unseen">
          Search the questions
        </label>
        <input
          id="sought"
          type="search"
          placeholder="Search the questions"
          value={sought}
          onChange={(change) => setSought(change.target.value)}
        />
      </div>
      {/* A scrolling list must be reachable by keyboard: its buttons are. */}
      <ul className="next" aria-label="Questions">
        {found.map((question) => (
          <li key={question.id}>
            <button
              type="button"
              className="next__question"
              aria-pressed={question.id === room.chosen}
              disabled={room.ending}
              onClick={() => session.wish({ kind: "choose_next", question: question.id })}
            >
              <span>{question.text}</span>
              <span className="soft small">
                {[
                  question.competence,
                  question.difficulty && `difficulty ${question.difficulty}`,
                  asked.has(question.id) && "asked",
                ]
                  .filter(Boolean)
                  .join(" · ")}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {questions && found.length === 0 && <p className="soft small">No question has these words.</p>}
    </div>
  );
}

function search(questions: BankQuestion[], sought: string): BankQuestion[] {
  const words = sought.toLowerCase().split(/\s+/).filter(Boolean);
  return questions.filter(({ text, competence }) => {
    const whole = `${text} ${competence ?? ""}`.toLowerCase();
    return words.every((word) => whole.includes(word));
  });
}

import { useState } from "react";

import { Asker } from "../candidate/question";
import { DeliveryFigures } from "../marks/delivery";
import { Marks } from "../marks/marks";
import { Sides } from "../marks/sides";
import { Transcript, type Highlight } from "../parts/transcript";
import { Caution } from "../parts/trouble";
import type { Partial, Room, Turn } from "../protocol";
import { FINISHES, points } from "../words";

/** One question with its answer and, once closed, what it was found to be worth. */
export function TurnCard({ room, turn, partial }: { room: Room; turn: Turn; partial: Partial | null }) {
  const [highlights, point] = useState<Highlight[]>([]);
  const heading = `turn-${turn.number}`;
  const empty = turn.utterances.length === 0 && !partial;
  return (
    <article className={turn.closed_ms === null ? "turn turn--open" : "turn"} aria-labelledby={heading}>
      <header className="turn__head">
        <p className="turn__by small">
          <Asker room={room} turn={turn} />
          {turn.question.kind === "follow_up" && <span className="soft">follow-up</span>}
          {turn.question.kind === "chosen" && <span className="soft">chosen by a coach</span>}
          {turn.question.difficulty !== null && (
            <span className="soft">difficulty {turn.question.difficulty} of 5</span>
          )}
          {turn.finished && <span className="soft">{FINISHES[turn.finished.reason].toLowerCase()}</span>}
        </p>
        <h2 id={heading} className="turn__question">
          <span className="turn__number numbers">{turn.number}.</span> {turn.question.text}
        </h2>
        {turn.question.why && turn.question.kind !== "chosen" && <p className="soft small">{turn.question.why}</p>}
      </header>
      {empty ? (
        <p className="soft">{turn.closed_ms === null ? "Nothing said yet." : "Nothing was said."}</p>
      ) : (
        <Transcript utterances={turn.utterances} partial={partial} highlights={highlights} />
      )}
      {turn.held && turn.closed_ms === null && <p className="soft small">Asked for a moment.</p>}
      {turn.score && <Scored turn={turn} point={point} />}
    </article>
  );
}

function Scored({ turn, point }: { turn: Turn; point: (at: Highlight[]) => void }) {
  const { score, delivery } = turn;
  if (!score) return null;
  return (
    <div className="turn__score">
      <p className="turn__overall">
        {score.overall === null ? (
          <span className="soft">No score: {score.abstained}</span>
        ) : (
          <>
            <span className="turn__points numbers">{points(score.overall)}</span>{" "}
            <span className="soft small">
              of 5
              {score.low !== null &&
                score.high !== null &&
                `, probably between ${points(score.low)} and ${points(score.high)}`}
            </span>
          </>
        )}
      </p>
      {score.caution && <Caution>{score.caution}</Caution>}
      <Marks marks={score.marks} point={point} />
      {score.overall !== null && <Sides folded scores={score.dimensions} point={point} />}
      {delivery && (
        <details className="turn__delivery">
          <summary>How it was spoken: coaching only, never part of a score</summary>
          <DeliveryFigures delivery={delivery} point={point} />
        </details>
      )}
    </div>
  );
}

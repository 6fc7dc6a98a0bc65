import { useState } from "react";

import { DeliveryFigures } from "../marks/delivery";
import { Marks } from "../marks/marks";
import { Sides } from "../marks/sides";
import { Sum } from "../marks/sum";
import { Transcript, type Highlight } from "../parts/transcript";
import { Caution } from "../parts/trouble";
import { Overrides } from "../review/overrides";
import type { ReportTurn, Score } from "../report";
import { FINISHES, points } from "../words";

/**
 * One question of the report; `known` is the caution that stands above the whole of it.
 *
 * The words that reached a point are set off in the transcript; pointing at a quote leaves only its own.
 */
export function Question({ turn, known }: { turn: ReportTurn; known: string | null }) {
  const [pointed, point] = useState<Highlight[]>([]);
  const { score, delivery } = turn;
  const reached = score?.marks.filter(({ level }) => level !== "absent").flatMap(({ quotes }) => quotes) ?? [];
  const heading = `question-${turn.number}`;
  return (
    <article className="answer" id={`turn-${turn.number}`} aria-labelledby={heading}>
      <div className="answer__said">
        <header className="answer__head">
          <p className="eyebrow">
            Question {turn.number}
            {turn.question.kind === "follow_up" && ", follow-up"}
            {turn.question.kind === "own" && ", a coach’s own"}
          </p>
          <h3 id={heading} className="answer__question">
            {turn.question.text}
          </h3>
          <p className="soft small">{finish(turn)}</p>
        </header>
        {score && <Overall score={score} />}
        {score?.caution && !known?.includes(score.caution) && <Caution>{score.caution}</Caution>}
        <div className="answer__words">
          {turn.transcript.utterances.length ? (
            <Transcript utterances={turn.transcript.utterances} highlights={pointed.length ? pointed : reached} />
          ) : (
            <p className="soft">Nothing was said.</p>
          )}
        </div>
      </div>
      <div className="answer__found">
        {score && (
          <>
            <Marks marks={score.marks} point={point} weights={turn.question.point_weights} />
            {score.dimensions.some((one) => one.score !== null) && (
              <>
                <Sides scores={score.dimensions} point={point} />
                <Sum score={score} shares={turn.shares} />
                <Overrides overrides={turn.overrides} />
                <p className="soft small">
                  Marked by {marker(score)}, weights {score.weights}.
                </p>
              </>
            )}
          </>
        )}
        {delivery && delivery.words_per_minute !== null && (
          <div className="aside-figures">
            <p className="soft small">How it was spoken. Coaching only: it counts in no score.</p>
            <DeliveryFigures delivery={delivery} point={point} />
          </div>
        )}
      </div>
    </article>
  );
}

function finish({ finish: how }: ReportTurn): string {
  return how !== null && how in FINISHES ? FINISHES[how as keyof typeof FINISHES] : "Not finished";
}

/** Who marked. An AI says that it is one. */
function marker({ scorer, weights, prompt }: Score): string {
  return weights.startsWith("judge-")
    ? `an AI (${scorer}${prompt ? `, asked as in version ${prompt}` : ""}), its quotes checked by rules`
    : scorer.replace("local", "rules");
}

function Overall({ score }: { score: Score }) {
  if (score.overall === null) return <p className="soft">No score: {score.abstained}</p>;
  return (
    <p className="answer__overall numbers">
      <span className="unseen">Score </span>
      {points(score.overall)}
      <span className="soft small">
        {" "}
        of 5
        {score.low !== null &&
          score.high !== null &&
          `, probably between ${points(score.low)} and ${points(score.high)}`}
      </span>
    </p>
  );
}

import { useState } from "react";

import { Bars } from "../marks/bars";
import { DeliveryFigures } from "../marks/delivery";
import { Marks } from "../marks/marks";
import { Transcript, type Highlight } from "../parts/transcript";
import { Caution } from "../parts/trouble";
import type { DimensionScore, ReportTurn, Score } from "../report";
import { DIMENSIONS, FINISHES, points } from "../words";

/**
 * One question of the report; `known` is the caution that stands above the whole of it.
 *
 * All quoted words are set off in the transcript; pointing at a mark leaves only its own.
 */
export function Question({ turn, known }: { turn: ReportTurn; known: string | null }) {
  const [pointed, point] = useState<Highlight[]>([]);
  const { score, delivery } = turn;
  const quoted = score?.marks.flatMap(({ quotes }) => quotes) ?? [];
  const heading = `question-${turn.number}`;
  return (
    <article className="answer" id={`turn-${turn.number}`} aria-labelledby={heading}>
      <header className="answer__head">
        <p className="eyebrow">
          Question {turn.number}
          {turn.question.kind === "follow_up" && ", follow-up"}
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
          <Transcript utterances={turn.transcript.utterances} highlights={pointed.length ? pointed : quoted} />
        ) : (
          <p className="soft">Nothing was said.</p>
        )}
      </div>
      {score && (
        <>
          <Marks marks={score.marks} point={point} />
          {score.dimensions.some((one) => one.score !== null) && <Bars scores={score.dimensions} />}
          <Contributions dimensions={score.dimensions} scorer={score.scorer} weights={score.weights} />
        </>
      )}
      {delivery && delivery.words_per_minute !== null && (
        <div className="aside-figures">
          <p className="soft small">How it was spoken. Coaching only: it counts in no score.</p>
          <DeliveryFigures delivery={delivery} />
        </div>
      )}
    </article>
  );
}

function finish({ finish: how }: ReportTurn): string {
  return how !== null && how in FINISHES ? FINISHES[how as keyof typeof FINISHES] : "Not finished";
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

/** How each number came about: signed parts that add up to it exactly. */
function Contributions({
  dimensions,
  scorer,
  weights,
}: {
  dimensions: DimensionScore[];
  scorer: string;
  weights: string;
}) {
  const explained = dimensions.filter(({ contributions }) => contributions.length > 0);
  if (!explained.length) return null;
  return (
    <details className="contributions">
      <summary>How these numbers came about</summary>
      {explained.map((one) => (
        <table key={one.dimension}>
          <caption>{DIMENSIONS[one.dimension]}</caption>
          <tbody>
            {one.contributions.map(({ label, value }) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                <td className="numbers">{signed(value)}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">Score</th>
              <td className="numbers">{one.score === null ? "–" : points(one.score)}</td>
            </tr>
          </tfoot>
        </table>
      ))}
      <p className="soft small">
        Marked by the {scorer} scorer, weights {weights}.
      </p>
    </details>
  );
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}

/** Six dimension scores as bars with their intervals; a dimension without a score says why. */
import type { DimensionScore } from "../protocol";
import { DIMENSIONS, points } from "../words";
import "./marks.css";

const FULL = 5;
const share = (score: number) => `${(100 * score) / FULL}%`;

export function Bars({
  scores,
}: {
  scores: readonly Pick<DimensionScore, "dimension" | "score" | "low" | "high" | "abstained">[];
}) {
  return (
    <dl className="bars">
      {scores.map((one) => (
        <div key={one.dimension} className="bars__row">
          <dt>{DIMENSIONS[one.dimension]}</dt>
          <dd>
            {one.score === null ? (
              <span className="soft small">No score: {one.abstained}</span>
            ) : (
              <Bar score={one.score} low={one.low} high={one.high} />
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

interface BarProps {
  score: number;
  low: number | null;
  high: number | null;
}

export function Bar({ score, low, high }: BarProps) {
  const between = low !== null && high !== null;
  return (
    <span className="bar">
      <span className="bar__track" aria-hidden="true">
        <span className="bar__fill" style={{ width: share(score) }} />
        {between && <span className="bar__interval" style={{ left: share(low), width: share(high - low) }} />}
      </span>
      <span className="bar__number numbers">{points(score)}</span>
      {between && (
        <span className="bar__between soft small numbers">
          <span className="unseen">, probably between </span>
          {points(low)}–{points(high)}
        </span>
      )}
    </span>
  );
}

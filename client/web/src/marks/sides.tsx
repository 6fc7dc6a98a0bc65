/** The six sides of one answer: each number with the exact words it rests on and the parts that it is the sum of. */
import type { Contribution, DimensionScore } from "../protocol";
import type { Highlight } from "../parts/transcript";
import { DIMENSIONS, points } from "../words";
import { Bar } from "./bars";
import { Quotes } from "./marks";
import "./marks.css";

interface Props {
  scores: readonly DimensionScore[];
  point: (at: Highlight[]) => void;
  /** Only the bars, until one is opened. */
  folded?: boolean;
}

export function Sides({ scores, point, folded = false }: Props) {
  return (
    <ul className="sides" aria-label="Six sides of this answer">
      {scores.map((one) => (
        <li key={one.dimension} className="side">
          {one.score === null ? (
            <div className="bars__row">
              <span>{DIMENSIONS[one.dimension]}</span>
              <span className="soft small">No score: {one.abstained}</span>
            </div>
          ) : folded ? (
            <Folded one={one} score={one.score} point={point} />
          ) : (
            <>
              <Row one={one} score={one.score} />
              <div className="side__words">
                <Words one={one} point={point} />
                <details>
                  <summary>
                    How {DIMENSIONS[one.dimension].toLowerCase()} came to {points(one.score)}
                  </summary>
                  <Parts one={one} score={one.score} />
                </details>
              </div>
            </>
          )}
        </li>
      ))}
    </ul>
  );
}

interface OneProps {
  one: DimensionScore;
  score: number;
}

function Folded({ one, score, point }: OneProps & Pick<Props, "point">) {
  const show = () => point(one.quotes);
  const hide = () => point([]);
  return (
    <details>
      <summary onMouseEnter={show} onMouseLeave={hide} onFocus={show} onBlur={hide}>
        <Row one={one} score={score} />
      </summary>
      <div className="side__words">
        <Words one={one} point={point} />
        <Parts one={one} score={score} />
      </div>
    </details>
  );
}

function Row({ one, score }: OneProps) {
  return (
    <span className="bars__row">
      <span className="side__name">{DIMENSIONS[one.dimension]}</span>
      <Bar score={score} low={one.low} high={one.high} />
    </span>
  );
}

/** The quotes; before them, where they show a lack, what is missing. */
function Words({ one, point }: { one: DimensionScore } & Pick<Props, "point">) {
  return (
    <>
      {one.contributions.filter(isNote).map(({ label }) => (
        <p key={label} className="soft small">
          {label}:
        </p>
      ))}
      <Quotes quotes={one.quotes} point={point} />
    </>
  );
}

/** How a number came about: signed parts that add up to it exactly. */
function Parts({ one, score }: OneProps) {
  return (
    <table className="parts">
      <caption className="unseen">What {DIMENSIONS[one.dimension].toLowerCase()} is the sum of</caption>
      <tbody>
        {one.contributions
          .filter((part) => !isNote(part))
          .map(({ label, value }) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td className="numbers">{signed(value)}</td>
            </tr>
          ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">Score</th>
          <td className="numbers">{points(score)}</td>
        </tr>
      </tfoot>
    </table>
  );
}

/** A part that is worth nothing is there to be read: it says why the number is low. */
function isNote({ value }: Contribution): boolean {
  return value === 0;
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}

/** One answer to review: rated blind first; then the person's numbers and the machine's side by side. */
import { useRef, useState } from "react";

import { override, problemOf, rate, type Given } from "../api";
import { Marks } from "../marks/marks";
import { Sides } from "../marks/sides";
import { Transcript, type Highlight } from "../parts/transcript";
import { Caution } from "../parts/trouble";
import type { Dimension } from "../protocol";
import type { Score, SheetDimension, SheetTurn } from "../report";
import type { Problem } from "../room/connection";
import { DIMENSIONS, points } from "../words";
import { Overrides } from "./overrides";
import { OverrideForm, RatingForm } from "./rate";

type Form = "rating" | "override";

interface Props {
  room: string;
  dimensions: readonly SheetDimension[];
  turn: SheetTurn;
}

export function ReviewTurn({ room, dimensions, turn: first }: Props) {
  const [turn, setTurn] = useState(first);
  const [pointed, point] = useState<Highlight[]>([]);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<{ in: Form; is: Problem } | null>(null);
  const status = useRef<HTMLParagraphElement>(null);
  const heading = `question-${turn.number}`;
  const { machine, rating } = turn;

  /** Whether the server took it. */
  async function put(saying: Promise<SheetTurn>, as: Form): Promise<boolean> {
    setBusy(true);
    try {
      setTurn(await saying);
      setProblem(null);
      return true;
    } catch (error) {
      setProblem({ in: as, is: problemOf(error) });
      return false;
    } finally {
      setBusy(false);
    }
  }

  async function rated(scores: Given, note: string) {
    // The form goes away, and with it the button that had the focus.
    if (await put(rate(room, turn.number, scores, note), "rating")) status.current?.focus();
  }

  return (
    <article className="answer" id={`turn-${turn.number}`} aria-labelledby={heading}>
      <div className="answer__said">
        <header className="answer__head">
          <p className="eyebrow">Question {turn.number}</p>
          <h2 id={heading} className="answer__question">
            {turn.question.text}
          </h2>
        </header>
        {turn.points.length > 0 && (
          <details>
            <summary className="soft small">What a strong answer says</summary>
            <ul className="small">
              {turn.points.map((one) => (
                <li key={one}>{one}</li>
              ))}
            </ul>
          </details>
        )}
        <div className="answer__words">
          {turn.transcript.utterances.length ? (
            <Transcript utterances={turn.transcript.utterances} highlights={pointed} />
          ) : (
            <p className="soft">Nothing was said.</p>
          )}
        </div>
      </div>
      <div className="answer__found">
        <p role="status" tabIndex={-1} ref={status} className="small">
          {rating
            ? rating.blind
              ? "Rated before the machine’s marks were shown."
              : "Rated after the machine’s marks were shown: kept, but not counted in the agreement."
            : machine
              ? "You have seen the machine’s marks of this answer: your rating will be kept, but not counted in the agreement."
              : ""}
        </p>
        {!rating && (
          <RatingForm
            dimensions={dimensions}
            busy={busy}
            problem={problem?.in === "rating" ? problem.is : null}
            send={(scores, note) => void rated(scores, note)}
          />
        )}
        {machine && (
          <>
            <SideBySide machine={machine} rating={rating} dimensions={dimensions} />
            {rating?.note && <p className="small">Your note: {rating.note}</p>}
            {machine.caution && <Caution>{machine.caution}</Caution>}
            <Marks marks={machine.marks} point={point} weights={turn.question.point_weights} />
            {machine.overall !== null && <Sides folded scores={machine.dimensions} point={point} />}
            <Overrides overrides={turn.overrides} />
            <OverrideForm
              dimensions={dimensions.map(({ dimension }) => dimension)}
              busy={busy}
              problem={problem?.in === "override" ? problem.is : null}
              send={(word) => put(override(room, turn.number, word), "override")}
            />
          </>
        )}
      </div>
    </article>
  );
}

function SideBySide(props: { machine: Score; rating: SheetTurn["rating"]; dimensions: readonly SheetDimension[] }) {
  const { machine, rating, dimensions } = props;
  const of = (dimension: Dimension) => machine.dimensions.find((one) => one.dimension === dimension);
  return (
    <table className="sidebyside">
      <caption className="unseen">Your rating and the machine’s</caption>
      <thead>
        <tr>
          <td />
          {rating && <th scope="col">You</th>}
          <th scope="col">Machine</th>
          <th scope="col">Probably</th>
        </tr>
      </thead>
      <tbody>
        {dimensions.map(({ dimension }) => {
          const found = of(dimension);
          return (
            <tr key={dimension}>
              <th scope="row">{DIMENSIONS[dimension]}</th>
              {rating && <td className="numbers">{number(rating.scores[dimension])}</td>}
              <td className="numbers">{number(found?.score)}</td>
              <td className="numbers soft">
                {found?.low != null && found.high !== null ? `${points(found.low)}–${points(found.high)}` : "–"}
              </td>
            </tr>
          );
        })}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">Overall</th>
          {rating && <td />}
          <td className="numbers">{number(machine.overall)}</td>
          <td className="numbers soft">
            {machine.low !== null && machine.high !== null ? `${points(machine.low)}–${points(machine.high)}` : ""}
          </td>
        </tr>
      </tfoot>
    </table>
  );
}

function number(score: number | null | undefined): string {
  return score == null ? "cannot tell" : points(score);
}

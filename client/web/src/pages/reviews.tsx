import { getAgreements, getQueue } from "../api";
import { Frame } from "../parts/frame";
import { Link } from "../parts/link";
import { Trouble } from "../parts/trouble";
import { useAnswer } from "../parts/useAnswer";
import type { Mode } from "../protocol";
import type { Agreement, DimensionAgreement } from "../report";
import { count, day, DIMENSIONS, MODES } from "../words";
import "./home.css";
import "./review.css";

/** What waits for a person's word, and how far people and the machine agree. */
export function Reviews() {
  const { answer: waiting, problem, again } = useAnswer(getQueue);
  return (
    <Frame title="Reviews">
      {problem ? (
        <Trouble problem={problem} again={again} />
      ) : (
        <div className="stack stack--wide" aria-busy={!waiting}>
          <header className="stack">
            <h1>Waiting for a person</h1>
            <p className="lead">Answers that the machine would not score. Read them, rate them, give them your word.</p>
          </header>
          {waiting?.length === 0 && <p className="soft">Nothing waits.</p>}
          <ul className="list">
            {waiting?.map((one) => (
              <li key={`${one.room}${one.turn}`} className="list__row">
                <span className="list__what">
                  <Link to={`/reports/${one.room}/review`}>{one.question}</Link>
                  <span className="soft small">
                    {one.mode in MODES && `${MODES[one.mode as Mode].name} · `}
                    {day(one.closed_at)} · question {one.turn}
                  </span>
                  <span className="small">{one.abstained}</span>
                </span>
              </li>
            ))}
          </ul>
          <Agreements />
          <p className="small">
            <Link to="/fairness">Do groups fare alike?</Link>
          </p>
        </div>
      )}
    </Frame>
  );
}

/** Only the owner is told. */
function Agreements() {
  const { answer: dimensions } = useAnswer(getAgreements);
  if (!dimensions) return null;
  const rated = Math.max(...dimensions.map((one) => one.with_machine.answers));
  return (
    <section aria-labelledby="agreement" className="stack">
      <h2 id="agreement">How far people and the machine agree</h2>
      {rated === 0 ? (
        <p className="soft">No answer has been rated blind yet.</p>
      ) : (
        <>
          <p className="soft small">
            From {count(rated, "answer")} rated blind. ICC: the share of the differences that both see, 1 at best. Bias:
            how much milder the machine is, in points.
          </p>
          {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard */}
          <div className="scroll" role="region" aria-label="Table of the agreement" tabIndex={0}>
            <table className="agreement numbers">
              <thead>
                <tr>
                  <td />
                  <th scope="col">Answers</th>
                  <th scope="col">ICC</th>
                  <th scope="col">Kappa</th>
                  <th scope="col">Bias</th>
                  <th scope="col">Within half a point</th>
                  <th scope="col">ICC between people</th>
                </tr>
              </thead>
              {dimensions.map((one) => (
                <Rows key={one.dimension} one={one} />
              ))}
            </table>
          </div>
        </>
      )}
    </section>
  );
}

function Rows({ one }: { one: DimensionAgreement }) {
  return (
    <tbody>
      <tr>
        <th scope="row">{DIMENSIONS[one.dimension]}</th>
        <Cells of={one.with_machine} />
        <td>{figure(one.between_people.icc)}</td>
      </tr>
      {one.people.length > 1 &&
        one.people.map((person) => (
          <tr key={person.by} className="soft">
            <th scope="row">{person.by}</th>
            <Cells of={person.with_machine} />
            <td />
          </tr>
        ))}
    </tbody>
  );
}

function Cells({ of }: { of: Agreement }) {
  return (
    <>
      <td>{of.answers}</td>
      <td>{figure(of.icc)}</td>
      <td>{figure(of.kappa)}</td>
      <td>{of.bias === null ? "–" : `${of.bias < 0 ? "−" : "+"}${Math.abs(of.bias).toFixed(2)}`}</td>
      <td>{of.within_half === null ? "–" : `${Math.round(100 * of.within_half)} %`}</td>
    </>
  );
}

function figure(value: number | null): string {
  return value === null ? "–" : value.toFixed(2);
}

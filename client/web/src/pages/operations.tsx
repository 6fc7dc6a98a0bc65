import { getDifferences, getLedger, type Ledger, type TurnEntry } from "../api";
import { Frame } from "../parts/frame";
import { Caution, Trouble } from "../parts/trouble";
import { useAnswer } from "../parts/useAnswer";
import { count, day, FINISHES, seconds } from "../words";
import "./operations.css";

const SHOWN = 25;
const LONGEST_MS = 60_000;
const SHORTEST_MS = 10;
const MARKS_MS = [10, 100, 1_000, 10_000, 60_000];

/** What the latest turns took: for the owner, who wants to know where people wait. */
export function Operations() {
  const { answer: ledger, problem, again } = useAnswer(getLedger);
  return (
    <Frame wide title="What turns take">
      <div className="stack stack--wide" aria-busy={!ledger && !problem}>
        <header className="stack">
          <h1>What turns take</h1>
          <p className="lead">How long one thing waited for the other, over the latest turns of all rooms.</p>
        </header>
        <Differences />
        {problem && <Trouble problem={problem} {...(problem.retry && { again })} />}
        {ledger && <Whole ledger={ledger} again={again} />}
      </div>
    </Frame>
  );
}

/** Where processes mark with different things. */
function Differences() {
  const { answer } = useAnswer(getDifferences);
  return answer?.map(({ what, sentence, found }) => (
    <Caution key={what}>
      {sentence}{" "}
      {Object.entries(found)
        .map(([value, workers]) => `${value}: ${workers.join(", ")}`)
        .join(" · ")}
    </Caution>
  ));
}

function Whole({ ledger, again }: { ledger: Ledger; again: () => void }) {
  if (ledger.turns.length === 0) return <p className="soft">No turn is over yet. Each is entered here when it is.</p>;
  const impossible = ledger.turns.reduce((sum, turn) => sum + turn.impossible.length, 0);
  return (
    <>
      <Spreads ledger={ledger} />
      {impossible > 0 && (
        <p className="soft small">
          {count(impossible, "delay")} came out impossible, because a clock was wrong, and{" "}
          {impossible > 1 ? "are" : "is"} left out.
        </p>
      )}
      <Latest ledger={ledger} />
      <div>
        <button type="button" className="button" onClick={again}>
          Look again
        </button>
      </div>
    </>
  );
}

function Spreads({ ledger }: { ledger: Ledger }) {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
    <div className="ledger card" role="region" aria-label="Delays" tabIndex={0}>
      <table>
        <caption className="unseen">Each delay: its median, its 95th percentile, and each turn as a dot</caption>
        <thead>
          <tr>
            <th scope="col">Delay</th>
            <th scope="col">Median</th>
            <th scope="col">95 of 100</th>
            <th scope="col" className="ledger__dots">
              <span className="unseen">Each turn</span>
              <Scale />
            </th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(ledger.names).map(([name, meaning]) => {
            const spread = ledger.spreads[name];
            return (
              <tr key={name}>
                <th scope="row">
                  {title(name)} <span className="soft small">{meaning}</span>
                </th>
                <td className="numbers">{spread ? seconds(spread.p50_ms) : "–"}</td>
                <td className="numbers">{spread ? seconds(spread.p95_ms) : "–"}</td>
                <td className="ledger__dots">
                  <Dots turns={ledger.turns} name={name} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Where a delay lies between a hundredth of a second and a minute, in percent; each power of ten as wide as the next. */
export function place(ms: number): number {
  const within = Math.min(Math.max(ms, SHORTEST_MS), LONGEST_MS);
  return (Math.log(within / SHORTEST_MS) / Math.log(LONGEST_MS / SHORTEST_MS)) * 100;
}

function Scale() {
  return (
    <span className="ledger__scale" aria-hidden="true">
      {MARKS_MS.map((ms) => (
        <span key={ms} style={{ insetInlineStart: `${place(ms)}%` }}>
          {ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`}
        </span>
      ))}
    </span>
  );
}

function Dots({ turns, name }: { turns: TurnEntry[]; name: string }) {
  return (
    <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      {MARKS_MS.map((ms) => (
        <line key={ms} x1={place(ms)} x2={place(ms)} y1="0" y2="10" className="ledger__mark" />
      ))}
      {turns.map((turn) => {
        const ms = turn.delays[name];
        if (ms === undefined) return null;
        return <line key={`${turn.room}/${turn.turn}`} x1={place(ms)} x2={place(ms)} y1="2" y2="8" />;
      })}
    </svg>
  );
}

function Latest({ ledger }: { ledger: Ledger }) {
  const names = Object.keys(ledger.names);
  return (
    <section className="stack" aria-labelledby="latest">
      <h2 id="latest">The latest turns</h2>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard */}
      <div className="ledger card" role="region" aria-label="Table of the latest turns" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Turn</th>
              {names.map((name) => (
                <th key={name} scope="col">
                  {title(name)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {ledger.turns.slice(0, SHOWN).map((turn) => (
              <tr key={`${turn.room}/${turn.turn}`}>
                <th scope="row">
                  {turn.room}, {turn.turn}{" "}
                  <span className="soft small">
                    {day(turn.at)}
                    {turn.reason && ` · ${FINISHES[turn.reason]}`}
                  </span>
                </th>
                {names.map((name) => (
                  <td key={name} className="numbers">
                    <Delay turn={turn} name={name} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Delay({ turn, name }: { turn: TurnEntry; name: string }) {
  const ms = turn.delays[name];
  if (ms !== undefined) return <>{seconds(ms)}</>;
  return <span className="soft">{turn.impossible.includes(name) ? "impossible" : "–"}</span>;
}

/** "next_question" -> "Next question". */
function title(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

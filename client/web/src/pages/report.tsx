import { useCallback, useEffect } from "react";

import { getReport, reportAddress } from "../api";
import { Bars } from "../marks/bars";
import { begunAgain, Figures } from "../marks/delivery";
import { Frame, Saying } from "../parts/frame";
import { Link } from "../parts/link";
import { Caution, Trouble } from "../parts/trouble";
import { useAnswer } from "../parts/useAnswer";
import type { Mode } from "../protocol";
import type { Norm, Report as ReportValue, Speaking } from "../report";
import { Question } from "../report/question";
import { Timeline } from "../report/timelineView";
import { Whole as Together } from "../report/whole";
import { clock, count, day, MODES, points, seconds } from "../words";
import "./report.css";

const ASK_AGAIN_MS = 1_500;

export function Report({ room }: { room: string }) {
  const ask = useCallback(() => getReport(room), [room]);
  const { answer: report, problem, again } = useAnswer(ask, ASK_AGAIN_MS);
  if (report) return <Whole report={report} />;
  return (
    <Frame title="Report">
      {problem?.code === "report_not_ready" ? (
        <Saying
          title="The report is being written"
          sentence="It appears here in a moment. You can leave and come back."
        />
      ) : problem?.code === "interview_open" ? (
        <Trouble problem={problem}>
          <Link to={`/rooms/${room}`} className="button button--main">
            Go to the interview
          </Link>
        </Trouble>
      ) : problem ? (
        <Trouble problem={problem} {...(problem.retry && { again })} />
      ) : (
        <p className="soft">Fetching the report…</p>
      )}
    </Frame>
  );
}

function Whole({ report }: { report: ReportValue }) {
  const name = report.mode in MODES ? MODES[report.mode as Mode].name : report.mode;
  useEffect(openedForPrint, []);
  return (
    <Frame wide title={`${name} report`}>
      <div className="report">
        <header className="report__head">
          <div className="stack">
            <p className="eyebrow">{day(report.opened_at)}</p>
            <h1>{name} interview</h1>
            <p className="soft">
              {count(report.questions, "question")} in {clock(report.duration_ms)} minutes, {report.scored} scored
              {report.abstained > 0 && `, ${report.abstained} without a score`}
            </p>
          </div>
          <Overall report={report} />
        </header>
        {report.caution && <Caution>{report.caution}</Caution>}
        <div className="report__top">
          <section aria-labelledby="dimensions" className="stack">
            <h2 id="dimensions">Six sides of your answers</h2>
            <p className="soft small">Each from 0 to 5. The brackets show where the score probably lies.</p>
            <Dimensions report={report} />
          </section>
          <section aria-labelledby="timeline" className="stack">
            <h2 id="timeline">As it went</h2>
            <Timeline report={report} />
          </section>
        </div>
        <Next report={report} />
        {report.interview && <Together interview={report.interview} />}
        <section aria-labelledby="answers" className="stack">
          <h2 id="answers">Your answers</h2>
          {report.turns.map((turn) => (
            <Question key={turn.number} turn={turn} known={report.caution} />
          ))}
        </section>
        <SpeakingFigures speaking={report.speaking} />
        <footer className="report__foot row">
          <button type="button" className="button" onClick={() => window.print()}>
            Print
          </button>
          <a className="button" href={reportAddress(report.room)}>
            As JSON
          </a>
          <span className="soft small">
            {report.transcriber && `Words by ${report.transcriber}. `}
            {report.weights.length > 0 && `Weights ${report.weights.join(", ")}.`}
          </span>
        </footer>
      </div>
    </Frame>
  );
}

/** Paper cannot be opened: what is folded is printed open, and closed again afterwards. */
function openedForPrint(): () => void {
  let opened: HTMLDetailsElement[] = [];
  const open = () => {
    opened = [...document.querySelectorAll<HTMLDetailsElement>("details:not([open])")];
    for (const one of opened) one.open = true;
  };
  const close = () => {
    for (const one of opened) one.open = false;
  };
  window.addEventListener("beforeprint", open);
  window.addEventListener("afterprint", close);
  return () => {
    window.removeEventListener("beforeprint", open);
    window.removeEventListener("afterprint", close);
  };
}

function Overall({ report }: { report: ReportValue }) {
  if (report.overall === null) return <p className="report__overall soft">No overall score</p>;
  return (
    <p className="report__overall">
      <span className="unseen">Overall </span>
      <span className="report__number numbers">{points(report.overall)}</span>
      <span className="soft small numbers">
        of 5
        {report.low !== null && report.high !== null && (
          <>
            <br />
            probably {points(report.low)} to {points(report.high)}
          </>
        )}
      </span>
    </p>
  );
}

function Dimensions({ report }: { report: ReportValue }) {
  return (
    <>
      <Bars
        scores={report.dimensions.map((one) => ({
          ...one,
          abstained: one.score === null ? "too little to go on" : null,
        }))}
      />
      <details>
        <summary className="soft small">What these scores mean</summary>
        <dl className="anchors">
          {report.dimensions.map(
            (one) =>
              one.anchor && (
                <div key={one.dimension}>
                  <dt>{one.name}</dt>
                  <dd>{one.anchor}</dd>
                </div>
              ),
          )}
        </dl>
      </details>
    </>
  );
}

/** What went well and what to try next, each with the words it rests on. */
function Next({ report }: { report: ReportValue }) {
  if (!report.strengths.length && !report.try_next.length) return null;
  return (
    <div className="report__two">
      {report.try_next.length > 0 && (
        <section className="card stack" aria-labelledby="next">
          <h2 id="next">Try next</h2>
          <ol className="advice">
            {report.try_next.map((one) => (
              <li key={`${one.turn}${one.text}`}>
                <p className="advice__text">{one.text}</p>
                <p className="soft small">
                  {one.because} <TurnLink turn={one.turn} />
                </p>
                {one.quote && <q className="advice__quote">{one.quote.text}</q>}
              </li>
            ))}
          </ol>
        </section>
      )}
      {report.strengths.length > 0 && (
        <section className="card stack" aria-labelledby="well">
          <h2 id="well">Went well</h2>
          <ul className="advice">
            {report.strengths.map((one) => (
              <li key={`${one.turn}${one.text}`}>
                <p className="advice__text">{one.text}</p>
                <q className="advice__quote">{one.quote.text}</q>{" "}
                <span className="soft small numbers">
                  {clock(one.quote.start_ms)} <TurnLink turn={one.turn} />
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

function TurnLink({ turn }: { turn: number }) {
  return <a href={`#turn-${turn}`}>Question {turn}</a>;
}

function SpeakingFigures({ speaking }: { speaking: Speaking }) {
  if (speaking.words_per_minute === null) return null;
  return (
    <section aria-labelledby="speaking" className="card stack">
      <h2 id="speaking">How it sounded</h2>
      <p className="soft small">For coaching only. No score is made from any of this.</p>
      <Figures
        figures={[
          ["Pace", `${Math.round(speaking.words_per_minute)}`, "words a minute"],
          [
            "Fillers",
            `${speaking.fillers}`,
            speaking.fillers_per_minute === null ? "" : `${speaking.fillers_per_minute.toFixed(1)} a minute`,
          ],
          ["Pauses", `${speaking.pauses}`, speaking.pauses ? `longest ${seconds(speaking.longest_pause_ms)}` : ""],
          begunAgain(speaking.repairs),
          ["Thinking first", speaking.thinking_ms === null ? "–" : seconds(speaking.thinking_ms), "on average"],
        ]}
      />
      <Norms norms={(speaking as Partial<Speaking>).norms ?? []} />
      {speaking.notes.length > 0 && (
        <ul className="stack">
          {speaking.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** Each figure beside what is usual, and who says so. Reports of older releases have none. */
function Norms({ norms }: { norms: Norm[] }) {
  if (!norms.length) return null;
  return (
    <details>
      <summary className="soft small">What is usual, and who says so</summary>
      <dl className="anchors">
        {norms.map((norm) => (
          <div key={norm.name}>
            <dt>
              {norm.name}: <span className="numbers">{norm.value}</span> {norm.unit}
            </dt>
            <dd>
              {norm.usual} <span className="soft small">({norm.source})</span>
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

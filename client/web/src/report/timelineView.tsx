import { useMemo, useState, type KeyboardEvent } from "react";

import type { Report } from "../report";
import { FINISHES, seconds } from "../words";
import { KINDS, rows, told, type Row, type Step, type StepKind } from "./timeline";
import "./timeline.css";

const WIDTH = 1000;
const HEIGHT = 40;
const NARROWEST = 3;
const LEGEND: StepKind[] = ["thinking", "speech", "pause", "filler", "typed"];
const SHAPES: Record<StepKind, { y: number; height: number }> = {
  thinking: { y: 17, height: 10 },
  speech: { y: 8, height: 28 },
  pause: { y: 21, height: 3 },
  typed: { y: 8, height: 28 },
  filler: { y: 0, height: 6 },
};

/** The interview as a picture: a row a question, all on one scale. One control steps through it all. */
export function Timeline({ report }: { report: Report }) {
  const all = useMemo(() => rows(report), [report]);
  const steps = useMemo(() => all.flatMap((row) => row.steps), [all]);
  const [at, setAt] = useState(0);
  const longest = Math.max(1, ...all.map((row) => row.endMs - row.startMs));
  const now = steps[at];
  if (!now) return <p className="soft">Nothing was said, so there is nothing to draw.</p>;

  function pressed(press: KeyboardEvent) {
    const next = stepTo(press.key, at, steps);
    if (next === null) return;
    press.preventDefault();
    setAt(next);
  }

  return (
    <figure className="timeline">
      <div
        className="timeline__rows"
        role="slider"
        tabIndex={0}
        aria-label="Timeline. Arrow keys step through it, Page keys go from question to question."
        aria-valuemin={1}
        aria-valuemax={steps.length}
        aria-valuenow={at + 1}
        aria-valuetext={`Question ${now.turn}. ${told(now)}`}
        onKeyDown={pressed}
      >
        {all.map((row) => (
          <div key={row.turn.number} className="timeline__row">
            <span className="timeline__number numbers">{row.turn.number}</span>
            {row.steps.length ? (
              <Drawn row={row} longest={longest} now={now} pick={(step) => setAt(steps.indexOf(step))} />
            ) : (
              <span className="soft small">{finished(row)}</span>
            )}
            <span className="timeline__length soft small numbers">
              {row.steps.length > 0 && seconds(row.endMs - row.startMs)}
            </span>
          </div>
        ))}
      </div>
      <figcaption className="timeline__now">
        <span className="eyebrow">Question {now.turn}</span> {told(now)}
      </figcaption>
      <ul className="timeline__legend small" aria-hidden="true">
        {LEGEND.map((kind) => (
          <li key={kind}>
            <svg viewBox="0 0 24 40" width="18" height="30">
              <rect
                className={`seg seg--${kind}`}
                x="2"
                width="20"
                {...SHAPES[kind]}
                y={(HEIGHT - SHAPES[kind].height) / 2}
              />
            </svg>
            {KINDS[kind]}
          </li>
        ))}
      </ul>
    </figure>
  );
}

function finished({ turn }: Row): string {
  return turn.finish !== null && turn.finish in FINISHES ? FINISHES[turn.finish as keyof typeof FINISHES] : "No answer";
}

function Drawn({ row, longest, now, pick }: { row: Row; longest: number; now: Step; pick: (step: Step) => void }) {
  const x = (ms: number) => ((ms - row.startMs) / longest) * WIDTH;
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" className="timeline__svg">
      <line className="seg__floor" x1="0" x2={x(row.endMs)} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
      {row.steps.map((step) => (
        // The slider around it has the keyboard; a pointer may also touch a stretch directly.
        <rect
          key={`${step.kind}${step.startMs}`}
          className={`seg seg--${step.kind}${step === now ? " seg--now" : ""}`}
          x={x(step.startMs)}
          width={Math.max(NARROWEST, x(step.endMs) - x(step.startMs))}
          {...SHAPES[step.kind]}
          onClick={() => pick(step)}
          onMouseEnter={() => pick(step)}
        />
      ))}
    </svg>
  );
}

function stepTo(key: string, at: number, steps: Step[]): number | null {
  const last = steps.length - 1;
  const turn = steps[at]?.turn ?? 0;
  switch (key) {
    case "ArrowRight":
    case "ArrowDown":
      return Math.min(last, at + 1);
    case "ArrowLeft":
    case "ArrowUp":
      return Math.max(0, at - 1);
    case "Home":
      return 0;
    case "End":
      return last;
    case "PageDown":
      return orElse(
        steps.findIndex((step) => step.turn > turn),
        at,
      );
    case "PageUp":
      return orElse(
        steps.findIndex((step) => step.turn === steps.findLast((one) => one.turn < turn)?.turn),
        0,
      );
    default:
      return null;
  }
}

function orElse(index: number, otherwise: number): number {
  return index < 0 ? otherwise : index;
}

/** The steps of a report's timeline: every stretch of speech, pause, thought, typing and filler, in order. */
import type { Report, ReportTurn } from "../report";
import { clock, seconds } from "../words";

export type StepKind = "thinking" | "speech" | "pause" | "typed" | "filler";

export interface Step {
  kind: StepKind;
  turn: number;
  startMs: number;
  endMs: number;
  /** What was said or written there. */
  words: string;
}

export interface Row {
  turn: ReportTurn;
  startMs: number;
  endMs: number;
  steps: Step[];
}

const SHORTEST_THOUGHT_MS = 250;

export const KINDS: Record<StepKind, string> = {
  thinking: "Thinking first",
  speech: "Speaking",
  pause: "Pause",
  typed: "Typed",
  filler: "Filler",
};

export function rows(report: Report): Row[] {
  return report.turns.map((turn) => {
    const steps = [...segments(report, turn), ...fillers(turn)].toSorted(
      (a, b) => a.startMs - b.startMs || b.endMs - a.endMs,
    );
    const startMs = turn.began_ms ?? steps[0]?.startMs ?? 0;
    const endMs = Math.max(startMs, turn.closed_ms ?? 0, ...steps.map((step) => step.endMs));
    return { turn, startMs, endMs, steps };
  });
}

function segments(report: Report, turn: ReportTurn): Step[] {
  return report.timeline
    .filter((segment) => segment.turn === turn.number)
    .filter(({ kind, start_ms, end_ms }) => kind !== "thinking" || end_ms - start_ms >= SHORTEST_THOUGHT_MS)
    .map(({ kind, start_ms, end_ms }) => ({
      kind,
      turn: turn.number,
      startMs: start_ms,
      endMs: end_ms,
      words: kind === "speech" || kind === "typed" ? said(turn, kind, start_ms, end_ms) : "",
    }));
}

function said(turn: ReportTurn, kind: "speech" | "typed", startMs: number, endMs: number): string {
  const { utterances } = turn.transcript;
  if (kind === "typed") return utterances.find((one) => one.source === "typed" && one.start_ms === startMs)?.text ?? "";
  return utterances
    .flatMap(({ words }) => words)
    .filter((word) => word.start_ms >= startMs && word.end_ms <= endMs)
    .map(({ text }) => text)
    .join(" ");
}

function fillers(turn: ReportTurn): Step[] {
  return (turn.delivery?.fillers ?? []).map(({ text, start_ms, end_ms }) => ({
    kind: "filler",
    turn: turn.number,
    startMs: start_ms,
    endMs: end_ms,
    words: text,
  }));
}

/** A step in words, as it is shown and read out. */
export function told(step: Step): string {
  const when =
    step.kind === "typed"
      ? `at ${clock(step.startMs)}`
      : `${clock(step.startMs)} for ${seconds(step.endMs - step.startMs)}`;
  const words = step.words.length > 160 ? `${step.words.slice(0, 159)}…` : step.words;
  return `${KINDS[step.kind]}, ${when}${words ? `: “${words}”` : ""}`;
}

/**
 * Somebody speaks while the interviewer's voice reads a question: pause it at once, then see whether they mean it.
 *
 * Decides by loudness alone, frame by frame, because the voice that reads must not wait for a server: what is loud for
 * two frames pauses the reading; what goes on gets the floor; what was a word of agreement, a cough or the reading's own
 * echo is forgotten, and the reading resumes. An echo raises the bar for the rest of the reading.
 */
import { FRAME_MS } from "./audio";

export interface Gate {
  /** How loud it is while nobody speaks: the room, and what a loudspeaker gives back of the reading. */
  readonly floor: number;
  /** How loud the reading's echo was when it was taken for a voice; 0: never. */
  readonly echo: number;
  readonly heardMs: number;
  /** Loud, without a break. */
  readonly loudMs: number;
  readonly paused: boolean;
  /** Loud since the pause, and quiet since the last of it. */
  readonly spokenMs: number;
  readonly quietMs: number;
  readonly peak: number;
}

export const STILL: Gate = {
  floor: 0,
  echo: 0,
  heardMs: 0,
  loudMs: 0,
  paused: false,
  spokenMs: 0,
  quietMs: 0,
  peak: 0,
};

export type Verdict = "pause" | "resume" | "yield" | null;

/** Of full scale, root mean square. Quieter than this is nobody at a microphone that levels itself. */
const LEAST = 0.015;
const ABOVE_FLOOR = 2.5;
const ABOVE_ECHO = 1.25;
/** So long a reading's own echo is learnt before anybody can interrupt it. */
const SETTLE_MS = 400;
/** Two frames: one alone is a click. With the frame that speech begins in, under 150 ms from its first sound. */
const SURE_MS = 80;
/** "Mm-hm" and "okay" are shorter. */
const SPEECH_MS = 640;
const OVER_MS = 480;
/** What stops so soon after the reading paused was the reading. */
const ECHO_MS = 240;
const FOLLOWS = 0.15;

/** The gate after one more frame, and what the reading is to do. */
export function hear(gate: Gate, loudness: number): [Gate, Verdict] {
  const now = { ...gate, heardMs: gate.heardMs + FRAME_MS };
  if (now.heardMs <= SETTLE_MS) return [{ ...now, floor: Math.max(gate.floor, loudness) }, null];
  const loud = loudness > Math.max(LEAST, gate.floor * ABOVE_FLOOR, gate.echo * ABOVE_ECHO);
  return gate.paused ? whilePaused(now, loud, loudness) : whileReading(now, loud, loudness);
}

function whileReading(gate: Gate, loud: boolean, loudness: number): [Gate, Verdict] {
  if (!loud) return [{ ...gate, loudMs: 0, floor: gate.floor + FOLLOWS * (loudness - gate.floor) }, null];
  const loudMs = gate.loudMs + FRAME_MS;
  if (loudMs < SURE_MS) return [{ ...gate, loudMs }, null];
  return [{ ...gate, paused: true, loudMs: 0, spokenMs: loudMs, quietMs: 0, peak: loudness }, "pause"];
}

function whilePaused(gate: Gate, loud: boolean, loudness: number): [Gate, Verdict] {
  if (loud) {
    const spoken = { ...gate, spokenMs: gate.spokenMs + FRAME_MS, quietMs: 0, peak: Math.max(gate.peak, loudness) };
    return spoken.spokenMs >= SPEECH_MS ? [STILL, "yield"] : [spoken, null];
  }
  const quietMs = gate.quietMs + FRAME_MS;
  if (quietMs < OVER_MS) return [{ ...gate, quietMs }, null];
  const echo = gate.spokenMs <= ECHO_MS ? Math.max(gate.echo, gate.peak) : gate.echo;
  return [{ ...STILL, floor: gate.floor, echo, heardMs: gate.heardMs }, "resume"];
}

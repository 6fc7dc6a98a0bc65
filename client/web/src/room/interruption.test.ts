import { expect, it } from "vitest";

import { FRAME_MS } from "./audio";
import { hear, STILL, type Verdict } from "./interruption";
import phrases from "./interruption.fixture.json";

const ROOM = 0.002;
const VOICE = 0.08;

/** What is said of frames this loud, each as long as said, with the time at which it is said. */
function over(...stretches: [number, number][]): [Verdict, number][] {
  let gate = STILL;
  let atMs = 0;
  const verdicts: [Verdict, number][] = [];
  for (const [loudness, ms] of stretches) {
    for (const end = atMs + ms; atMs < end;) {
      const [next, verdict] = hear(gate, loudness);
      gate = next;
      atMs += FRAME_MS;
      if (verdict) verdicts.push([verdict, atMs]);
    }
  }
  return verdicts;
}

it("pauses for who begins to speak, and gives them the floor when they go on", () => {
  expect(over([ROOM, 1_000], [VOICE, 1_000])[0]).toEqual(["pause", 1_080]);
  expect(over([ROOM, 1_000], [VOICE, 640])).toEqual([
    ["pause", 1_080],
    ["yield", 1_640],
  ]);
});

it("resumes behind a word of agreement, as often as one comes", () => {
  const hum: [number, number][] = [
    [VOICE, 400],
    [ROOM, 1_000],
  ];
  expect(over([ROOM, 1_000], ...hum, ...hum).map(([verdict]) => verdict)).toEqual([
    "pause",
    "resume",
    "pause",
    "resume",
  ]);
});

it("is not stopped by a click", () => {
  expect(over([ROOM, 1_000], [VOICE, 40], [ROOM, 400], [VOICE, 40], [ROOM, 400])).toEqual([]);
});

it("hears who speaks haltingly as one who speaks", () => {
  const halting: [number, number][] = [
    [VOICE, 240],
    [ROOM, 320],
  ];
  expect(over([ROOM, 1_000], ...halting, ...halting, ...halting).map(([verdict]) => verdict)).toEqual([
    "pause",
    "yield",
  ]);
});

it("learns a loudspeaker's echo, and still hears a voice above it", () => {
  const echo = 0.03;
  expect(over([echo, 3_000])).toEqual([]);
  expect(over([echo, 3_000], [0.12, 700]).map(([verdict]) => verdict)).toEqual(["pause", "yield"]);
});

it("is fooled by a sudden echo once, not again and again", () => {
  const burst: [number, number][] = [
    [0.05, 120],
    [ROOM, 600],
  ];
  expect(over([ROOM, 1_000], ...burst, ...burst, ...burst).map(([verdict]) => verdict)).toEqual(["pause", "resume"]);
});

/** Spoken phrases as the loudness of frames, each begun at another place within a frame: `delays` counts from its first sound. */
it("pauses within 150 ms of a phrase's first sound, 95 times in 100", () => {
  const delays = phrases.map(({ onset_ms: onsetMs, loudness }) => {
    let gate = { ...STILL, heardMs: 10_000, floor: ROOM };
    const pausedAt = loudness.findIndex((loud) => {
      const [next, verdict] = hear(gate, loud);
      gate = next;
      return verdict === "pause";
    });
    return pausedAt < 0 ? Infinity : (pausedAt + 1) * FRAME_MS - onsetMs;
  });
  const p95 = delays.toSorted((a, b) => a - b)[Math.ceil(delays.length * 0.95) - 1];
  expect(delays.length).toBeGreaterThan(90);
  expect(p95).toBeLessThanOrEqual(150);
});

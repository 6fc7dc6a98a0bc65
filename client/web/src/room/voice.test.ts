import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { Reader } from "./voice";

class Utterance {
  voice: unknown = null;
  lang = "";
  onstart: (() => void) | null = null;
  onend: (() => void) | null = null;
  onerror: (() => void) | null = null;
  constructor(readonly text: string) {}
}

const NEAR = { name: "near", lang: "en-GB", localService: true, default: false };
const FAR = { name: "far", lang: "en-US", localService: false, default: true };
const FOREIGN = { name: "foreign", lang: "de-DE", localService: true, default: true };

let spoken: Utterance[];

function browserWith(voices: unknown[]): void {
  spoken = [];
  vi.stubGlobal("SpeechSynthesisUtterance", Utterance);
  vi.stubGlobal(
    "speechSynthesis",
    Object.assign(new EventTarget(), {
      getVoices: () => voices,
      speak: (utterance: Utterance) => spoken.push(utterance),
      cancel: vi.fn(),
      pause: vi.fn(),
      resume: vi.fn(),
    }),
  );
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it("reads with a voice of this machine, in the question's language", async () => {
  browserWith([FOREIGN, FAR, NEAR]);
  const reading = new Reader().read("Why?");
  await vi.advanceTimersByTimeAsync(0);
  expect(spoken[0]).toMatchObject({ text: "Why?", voice: NEAR });
  spoken[0]?.onstart?.();
  spoken[0]?.onend?.();
  expect(await reading).toBe("read");
});

it("costs a second where there are no voices", async () => {
  browserWith([]);
  const reading = new Reader().read("Why?");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await reading).toBe("silent");
});

it("does not wait for ever for a voice that never starts", async () => {
  browserWith([NEAR]);
  const reading = new Reader().read("Why?");
  await vi.advanceTimersByTimeAsync(2_500);
  expect(await reading).toBe("silent");
});

it("can be cut short, while it speaks and before", async () => {
  browserWith([NEAR]);
  const reader = new Reader();
  const early = reader.read("Why?");
  reader.cut();
  expect(await early).toBe("cut");
  const late = reader.read("Why?");
  await vi.advanceTimersByTimeAsync(0);
  spoken[0]?.onstart?.();
  reader.cut();
  expect(await late).toBe("cut");
});

it("is silent in a browser that cannot speak", async () => {
  vi.stubGlobal("speechSynthesis", undefined);
  Reflect.deleteProperty(globalThis, "speechSynthesis");
  expect(await new Reader().read("Why?")).toBe("silent");
});

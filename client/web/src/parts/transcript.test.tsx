import { render } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { Transcript, type Highlight } from "./transcript";

const TEXTS = ["no", "I", "said", "no", "to", "both"];
const SAID = {
  id: "u1",
  source: "voice" as const,
  text: TEXTS.join(" "),
  start_ms: 0,
  end_ms: 600,
  words: TEXTS.map((text, n) => ({ text, start_ms: n * 100, end_ms: n * 100 + 90, confidence: null })),
  audio: null,
};

function setOff(...quotes: [text: string, start_ms: number][]): { text: string; before: string }[] {
  const highlights: Highlight[] = quotes.map(([text, start_ms]) => ({ utterance: "u1", text, start_ms }));
  const { container } = render(<Transcript utterances={[SAID]} highlights={highlights} />);
  expect(container.textContent).toBe(SAID.text);
  return [...container.querySelectorAll("mark")].map((mark) => ({
    text: mark.textContent,
    before: mark.previousSibling?.textContent ?? "",
  }));
}

describe("a quote in a transcript", () => {
  it("is set off where it was said, not where its words stand first", () => {
    expect(setOff(["no", 300])).toEqual([{ text: "no", before: "no I said " }]);
  });

  it("is one piece with another that it overlaps", () => {
    expect(setOff(["said no to", 200], ["no to both", 300])).toEqual([{ text: "said no to both", before: "no I " }]);
  });

  it("that is not in the text is not set off", () => {
    expect(setOff(["never", 100])).toEqual([]);
  });
});

it("says where the sound was bad, and that nobody is marked down for it", () => {
  const audio = {
    trust: 0.6,
    flaws: ["clipped" as const, "gaps" as const],
    measured_ms: 4_000,
    gaps: 1,
    lost_ms: 1_200,
    dropouts: 0,
    dropout_ms: 0,
    clipped: 0.3,
    peak_dbfs: 0,
    drift_ms: 0,
  };
  const { container } = render(<Transcript utterances={[{ ...SAID, audio }]} />);
  expect(container.textContent).toContain("Sound: too loud for the microphone, 1.2 s missing. Less sure, never marked");
});

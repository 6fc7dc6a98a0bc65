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

import { act, cleanup, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import type { DimensionScore } from "../protocol";
import type { Condition, Interview, Report as ReportValue, ReportTurn, Score } from "../report";
import { FakeServer, problem } from "../testing/server";
import { Report } from "./report";

const QUOTE = { utterance: "u1", text: "cut it to one hour", start_ms: 62_000, end_ms: 64_000 };
const RESULT = { utterance: "u1", text: "to one hour", start_ms: 63_500, end_ms: 64_900 };
const WORDS = ["So", "um", "I", "cut", "it", "to", "one", "hour"].map((text, n) => ({
  text,
  start_ms: 61_000 + n * 500,
  end_ms: 61_400 + n * 500,
  confidence: 0.9,
}));

const ASKED = { follow_up_of: null, competence: null, point_weights: {} };
const READY: Condition = { level: "ready", sentence: "All answers together 3.5 or more: 3.5", met: true, said: [] };
const INTERVIEW: Interview = {
  competences: [
    { name: "ownership", reach: "shown", said: [{ turn: 1, quote: QUOTE }] },
    { name: "conflict", reach: "not_asked", said: [] },
  ],
  contradictions: [
    {
      kind: "amount",
      about: "Two numbers: five engineers and eight engineers.",
      first: { turn: 1, quote: QUOTE },
      second: { turn: 2, quote: RESULT },
    },
  ],
  consistency: null,
  growth: { change: 0.7, sentence: "The later answers were worth 0.7 more.", said: [{ turn: 2, quote: RESULT }] },
  readiness: { level: "nearly", rule: "1.0.0", conditions: [READY], abstained: null },
};

const REPORT: ReportValue = {
  schema_version: "1",
  room: "r-1",
  mode: "behavioural",
  opened_at: 1_795_000_000_000,
  duration_ms: 125_000,
  questions: 2,
  scored: 1,
  abstained: 1,
  overall: 3.5,
  low: 2.5,
  high: 4.5,
  dimensions: [
    {
      dimension: "result",
      name: "Result",
      score: 3.5,
      low: 2.5,
      high: 4.5,
      turns: 1,
      anchor: "Names what came of it.",
    },
    { dimension: "depth", name: "Depth", score: null, low: null, high: null, turns: 0, anchor: null },
  ],
  strengths: [{ text: "You name a result.", turn: 1, quote: QUOTE }],
  try_next: [
    { text: "Say why.", because: "Depth was thin.", turn: 1, dimension: "depth", quote: null, missing: "reasons" },
  ],
  speaking: {
    words: 8,
    speaking_ms: 4_000,
    words_per_minute: 120,
    articulation_rate: 3,
    pauses: 1,
    longest_pause_ms: 900,
    pause_share: 0.1,
    fillers: 1,
    fillers_per_minute: 6,
    repairs: 1,
    thinking_ms: 1_000,
    pauses_in_clauses: 1,
    answer_ms: 4_000,
    notes: ["A calm pace."],
    norms: [{ name: "Pace", value: 120, unit: "words a minute", usual: "110 to 190", source: "Somebody 1990" }],
  },
  timeline: [
    { turn: 1, kind: "thinking", start_ms: 60_000, end_ms: 61_000 },
    { turn: 1, kind: "speech", start_ms: 61_000, end_ms: 64_900 },
    { turn: 2, kind: "typed", start_ms: 90_000, end_ms: 90_000 },
  ],
  turns: [
    {
      number: 1,
      question: { ...ASKED, id: "b", text: "What went wrong?", kind: "new", difficulty: 2 },
      overrides: [],
      shares: null,
      finish: "silence",
      began_ms: 60_000,
      closed_ms: 68_000,
      transcript: {
        utterances: [
          {
            id: "u1",
            source: "voice",
            text: "So um I cut it to one hour",
            start_ms: 61_000,
            end_ms: 64_900,
            words: WORDS,
            audio: null,
          },
        ],
      },
      score: {
        overall: 3.5,
        low: 2.5,
        high: 4.5,
        dimensions: [
          {
            dimension: "result",
            score: 3.5,
            low: 2.5,
            high: 4.5,
            contributions: [{ label: "The result has a number", value: 3.5 }],
            quotes: [RESULT],
            abstained: null,
            judged: null,
          },
        ],
        marks: [{ point: "r", criterion: "Says what came of it", level: "present", quotes: [QUOTE], reason: "Yes." }],
        scorer: "local",
        weights: "1.0.0",
        abstained: null,
        caution: "Words may be wrong.",
        agreement: null,
        prompt: null,
      },
      delivery: {
        words: 8,
        speaking_ms: 4_000,
        words_per_minute: 120,
        articulation_rate: 3,
        pauses: [],
        fillers: [{ utterance: "u1", text: "um", start_ms: 61_500, end_ms: 61_900 }],
        fillers_per_minute: 6,
        repairs: [{ utterance: "u1", text: "So um", start_ms: 61_000, end_ms: 61_900 }],
        thinking_ms: 1_000,
      },
    },
    {
      number: 2,
      question: { ...ASKED, id: null, text: "And why?", kind: "own", difficulty: null },
      overrides: [],
      shares: null,
      finish: "done",
      began_ms: 80_000,
      closed_ms: 91_000,
      transcript: {
        utterances: [
          { id: "u2", source: "typed", text: "Because.", start_ms: 90_000, end_ms: 90_000, words: [], audio: null },
        ],
      },
      score: {
        overall: null,
        low: null,
        high: null,
        dimensions: [],
        marks: [],
        scorer: "local",
        weights: "1.0.0",
        abstained: "Too few words.",
        caution: null,
        agreement: null,
        prompt: null,
      },
      delivery: null,
    },
  ],
  transcriber: "PocketSphinx",
  caution: "Words may be wrong.",
  weights: ["1.0.0"],
  interview: INTERVIEW,
};

async function reads(report: ReportValue = REPORT): Promise<void> {
  new FakeServer().answer("GET /api/reports/r-1", report);
  render(<Report room="r-1" />);
  await screen.findByRole("heading", { name: "Behavioural interview" });
}

describe("a report", () => {
  it("shows numbers with their intervals, and abstentions with their reason", async () => {
    await reads();
    expect(screen.getByText("2 questions in 2:05 minutes, 1 scored, 1 without a score")).toBeDefined();
    expect(screen.getByText(/probably 2.5 to 4.5/)).toBeDefined();
    expect(screen.getByText("No score: Too few words.")).toBeDefined();
    expect(screen.getByText("No score: too little to go on")).toBeDefined();
  });

  it("sets the quoted words off in what was said, and shows their time", async () => {
    await reads();
    expect(document.querySelector("mark")?.textContent).toBe(QUOTE.text);
    const marks = within(screen.getByRole("list", { name: "What a strong answer has" }));
    expect(marks.getByRole("button", { name: /cut it to one hour/ }).textContent).toContain("1:02");
  });

  it("ties each side's number to its words, which one can reach by keyboard", async () => {
    await reads();
    const sides = within(screen.getByRole("list", { name: "Six sides of this answer" }));
    const quote = sides.getByRole("button", { name: /to one hour/ });
    expect(quote.textContent).toContain("1:03");
    act(() => quote.focus());
    expect([...document.querySelectorAll("mark")].map((mark) => mark.textContent)).toEqual([RESULT.text]);
  });

  it("says of all answers together how ready they are and what does not fit, with the words", async () => {
    await reads();
    const whole = within(screen.getByRole("region", { name: "All answers together" }));
    whole.getByText("Nearly ready");
    whole.getByText(/Holds: All answers together 3.5 or more/);
    const unfitting = whole.getByText("Two numbers: five engineers and eight engineers.").parentElement;
    expect([...(unfitting?.querySelectorAll("q") ?? [])].map((q) => q.textContent)).toEqual([QUOTE.text, RESULT.text]);
    expect(whole.getByText("conflict").parentElement?.textContent).toBe("conflict: not asked for");
    whole.getByText("The later answers were worth 0.7 more.");
  });

  it("says how often a sentence was begun again, and where", async () => {
    await reads();
    expect(screen.getAllByText("Begun again")).toHaveLength(2);
    expect(screen.getByRole("button", { name: /So um/ }).textContent).toContain("1:01");
  });

  it("is printed with everything that is folded on the screen", async () => {
    await reads();
    const folded = () => document.querySelectorAll("details:not([open])").length;
    const before = folded();
    expect(before).toBeGreaterThan(0);
    window.dispatchEvent(new Event("beforeprint"));
    expect(folded()).toBe(0);
    window.dispatchEvent(new Event("afterprint"));
    expect(folded()).toBe(before);
  });

  it("says a caution once", async () => {
    await reads();
    expect(screen.getAllByText("Words may be wrong.")).toHaveLength(1);
  });

  it("explains each number by parts that add up to it", async () => {
    await reads();
    expect(screen.getByText("The result has a number").closest("tr")?.textContent).toContain("+3.50");
  });

  it("shows a person's word on an answer that has no score yet", async () => {
    const word = { turn: 2, dimension: "depth" as const, before: null, after: 1, by: "ben", name: "Ben", at: 1 };
    const [first, second] = REPORT.turns as [ReportTurn, ReportTurn];
    const [known] = (first.score as Score).dimensions as [DimensionScore];
    const score = { ...(second.score as Score), dimensions: [{ ...known, dimension: "depth" as const, score: 1 }] };
    await reads({ ...REPORT, turns: [first, { ...second, score, overrides: [{ ...word, reason: "One reason." }] }] });
    const changed = screen.getByRole("list", { name: "Changed by a person" });
    expect(changed.textContent).toMatch(/Depth: no score → 1.0 One reason. Ben/);
    screen.getByText("No score: Too few words.");
  });

  it("says who marked, and of an AI that it is one", async () => {
    await reads();
    expect(screen.getByText("Marked by rules, weights 1.0.0.")).toBeDefined();
    cleanup();
    const turns = REPORT.turns.map((turn) => {
      const judged = { scorer: "m-1 at h", weights: "judge-1.0.0", prompt: "1.0.0" };
      return { ...turn, score: turn.score && { ...turn.score, ...judged } };
    });
    await reads({ ...REPORT, turns });
    expect(
      screen.getByText(/^Marked by an AI \(m-1 at h, asked as in version 1.0.0\), its quotes checked by rules/),
    ).toBeDefined();
  });

  it("links to its JSON", async () => {
    await reads();
    expect(screen.getByRole("link", { name: "As JSON" }).getAttribute("href")).toBe("/api/reports/r-1");
  });
});

describe("its timeline", () => {
  it("is stepped through by keyboard, with words for every step", async () => {
    await reads();
    const slider = screen.getByRole("slider");
    const now = () => slider.getAttribute("aria-valuetext");
    expect(now()).toBe("Question 1. Thinking first, 1:00 for 1.0 s");
    slider.focus();
    await userEvent.keyboard("{ArrowRight}");
    expect(now()).toBe("Question 1. Speaking, 1:01 for 3.9 s: “So um I cut it to one hour”");
    await userEvent.keyboard("{ArrowRight}");
    expect(now()).toBe("Question 1. Filler, 1:01 for 0.4 s: “um”");
    await userEvent.keyboard("{PageDown}");
    expect(now()).toBe("Question 2. Typed, at 1:30: “Because.”");
    await userEvent.keyboard("{PageUp}");
    expect(now()).toContain("Thinking first");
    await userEvent.keyboard("{End}{ArrowRight}");
    expect(now()).toContain("Question 2");
    await userEvent.keyboard("{Home}{ArrowLeft}");
    expect(now()).toContain("Thinking first");
  });
});

describe("a report that is not there", () => {
  it("is waited for while it is being written", async () => {
    const server = new FakeServer();
    server.answer("GET /api/reports/r-1", problem("report_not_ready", true), 404);
    render(<Report room="r-1" />);
    await screen.findByRole("heading", { name: "The report is being written" });
    server.answer("GET /api/reports/r-1", REPORT);
    await screen.findByRole("heading", { name: "Behavioural interview" });
  });

  it("leads back to an interview that goes on", async () => {
    new FakeServer().answer("GET /api/reports/r-1", problem("interview_open", true), 404);
    render(<Report room="r-1" />);
    expect((await screen.findByRole("link", { name: "Go to the interview" })).getAttribute("href")).toBe("/rooms/r-1");
  });

  it("is said to be unknown", async () => {
    new FakeServer().answer("GET /api/reports/r-1", problem("unknown_room"), 404);
    render(<Report room="r-1" />);
    await screen.findByRole("heading", { name: "There is no such room" });
  });
});

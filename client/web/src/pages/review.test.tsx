import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { beforeEach, describe, expect, it } from "vitest";

import { App } from "../app";
import type { Dimension, Score, Sheet, SheetTurn } from "../report";
import { FakeServer, problem } from "../testing/server";

const SIX: Dimension[] = ["relevance", "structure", "specificity", "depth", "result", "clarity"];
const QUOTE = { utterance: "u1", text: "cut it", start_ms: 61_000, end_ms: 62_000 };
const MACHINE: Score = {
  overall: 2.5,
  low: 1.5,
  high: 3.5,
  dimensions: SIX.map((dimension) => ({
    dimension,
    score: dimension === "depth" ? null : 2.5,
    low: dimension === "depth" ? null : 1.5,
    high: dimension === "depth" ? null : 3.5,
    contributions: dimension === "depth" ? [] : [{ label: "Points", value: 2.5 }],
    quotes: dimension === "depth" ? [] : [QUOTE],
    abstained: dimension === "depth" ? "Too little was said." : null,
    judged: null,
  })),
  marks: [],
  scorer: "local",
  weights: "1.0.0",
  agreement: null,
  prompt: null,
  abstained: null,
  caution: null,
};
const TURN: SheetTurn = {
  number: 1,
  question: {
    id: "b-1",
    text: "What went wrong?",
    kind: "new",
    follow_up_of: null,
    competence: null,
    difficulty: 2,
    point_weights: {},
  },
  points: ["Warned early"],
  transcript: {
    utterances: [
      { id: "u1", source: "typed", text: "So I cut it.", start_ms: 61_000, end_ms: 62_000, words: [], audio: null },
    ],
  },
  rating: null,
  blind: true,
  machine: null,
  overrides: [],
};
const SHEET: Sheet = {
  room: "r-1",
  mode: "behavioural",
  opened_at: 1_795_000_000_000,
  own: false,
  dimensions: SIX.map((dimension) => ({ dimension, low: `little ${dimension}`, middle: "some", high: "much" })),
  turns: [TURN],
};
const RATED: SheetTurn = {
  ...TURN,
  machine: MACHINE,
  rating: {
    room: "r-1",
    turn: 1,
    by: "ben",
    scores: { relevance: 3, structure: 3, specificity: 3, depth: null, result: 3, clarity: 3 },
    note: "Plain.",
    blind: true,
    own: false,
    at: 1,
  },
};

let server: FakeServer;

beforeEach(() => {
  history.replaceState(null, "", "/reports/r-1/review");
  server = new FakeServer();
  server.answer("GET /api/reviews/r-1", SHEET);
  server.answer("POST /api/reviews/r-1/turns/1/rating", RATED, 201);
});

async function rated(): Promise<void> {
  render(<App />);
  await screen.findByRole("heading", { name: "What went wrong?" });
  for (const [at, select] of screen.getAllByRole("combobox").entries())
    await userEvent.selectOptions(select, at === 3 ? "Cannot tell" : "3.0");
  await userEvent.click(screen.getByRole("button", { name: /Save my rating/ }));
}

describe("a review", () => {
  it("shows the answer and what numbers mean, and none of the machine's", async () => {
    render(<App />);
    await screen.findByRole("heading", { name: "What went wrong?" });
    expect(screen.getByText("So I cut it.")).toBeDefined();
    expect(screen.getByText("1: little depth")).toBeDefined();
    expect(screen.queryByRole("table")).toBeNull();
    expect(screen.queryByText("Change a score")).toBeNull();
  });

  it("takes a rating only when something is said of all six", async () => {
    render(<App />);
    const save = await screen.findByRole("button", { name: /Save my rating/ });
    expect(save).toHaveProperty("disabled", true);
    for (const select of screen.getAllByRole("combobox")) await userEvent.selectOptions(select, "3.0");
    expect(save).toHaveProperty("disabled", false);
  });

  it("then stands both side by side, and says that it was blind", async () => {
    await rated();
    const table = await screen.findByRole("table", { name: "Your rating and the machine’s" });
    const row = (name: string) => within(table).getByRole("row", { name: new RegExp(name) }).textContent;
    expect(row("Relevance")).toBe("Relevance3.02.51.5–3.5");
    expect(row("Depth")).toBe("Depthcannot tellcannot tell–");
    expect(document.activeElement?.textContent).toBe("Rated before the machine’s marks were shown.");
    expect(screen.queryByRole("button", { name: /Save my rating/ })).toBeNull();
  });

  it("changes a score with a reason, and shows what stood there", async () => {
    localStorage.setItem("greenroom.name", "Ben");
    const word = { turn: 1, dimension: "depth" as const, before: null, after: 3.5, by: "ben", name: "Ben", at: 1 };
    const reason = "Weighs two ways.";
    server.answer("POST /api/reviews/r-1/turns/1/overrides", { ...RATED, overrides: [{ ...word, reason }] }, 201);
    await rated();
    await userEvent.click(await screen.findByText("Change a score"));
    const change = screen.getByRole("button", { name: "Change it" });
    expect(change).toHaveProperty("disabled", true);
    await userEvent.selectOptions(screen.getByLabelText("Side"), "Depth");
    await userEvent.selectOptions(screen.getByLabelText("New score"), "3.5");
    await userEvent.type(screen.getByLabelText("Reason"), reason);
    await userEvent.click(change);
    const changed = await screen.findByRole("list", { name: "Changed by a person" });
    expect(changed.textContent).toMatch(/Depth: no score → 3.5 Weighs two ways. Ben/);
  });

  it("keeps the reason for a change that was refused, and says why", async () => {
    server.answer("POST /api/reviews/r-1/turns/1/overrides", problem("database_away", true), 503);
    await rated();
    await userEvent.click(await screen.findByText("Change a score"));
    await userEvent.selectOptions(screen.getByLabelText("Side"), "Depth");
    await userEvent.selectOptions(screen.getByLabelText("New score"), "3.5");
    await userEvent.type(screen.getByLabelText("Reason"), "Weighs two ways.");
    await userEvent.click(screen.getByRole("button", { name: "Change it" }));
    expect(await screen.findByText("Sentence of database_away.")).toBeDefined();
    expect(screen.getByLabelText("Reason")).toHaveProperty("value", "Weighs two ways.");
  });

  it("says so where the marks were seen before, and still takes a rating", async () => {
    server.answer("GET /api/reviews/r-1", { ...SHEET, turns: [{ ...TURN, blind: false, machine: MACHINE }] });
    render(<App />);
    expect(await screen.findByText(/You have seen the machine’s marks/)).toBeDefined();
    expect(screen.getByRole("button", { name: /Save my rating/ })).toBeDefined();
  });

  it("keeps what was chosen when saving fails, and says why", async () => {
    server.answer("POST /api/reviews/r-1/turns/1/rating", problem("database_away", true), 503);
    await rated();
    expect(await screen.findByText("Sentence of database_away.")).toBeDefined();
    expect(screen.getAllByRole("combobox")[0]).toHaveProperty("value", "3");
  });

  it("has nothing that a screen reader stumbles over", async () => {
    await rated();
    await screen.findByRole("table", { name: "Your rating and the machine’s" });
    const { violations } = await axe.run(document.body, { rules: { "color-contrast": { enabled: false } } });
    expect(violations.map(({ id }) => id)).toEqual([]);
  });
});

describe("the queue", () => {
  beforeEach(() => {
    history.replaceState(null, "", "/reviews");
    const one = {
      room: "r-1",
      turn: 2,
      mode: "behavioural",
      question: "And then?",
      abstained: "Too short.",
      closed_at: 9,
    };
    server.answer("GET /api/reviews", { waiting: [one] });
  });

  it("leads to each answer without a score, and says why there is none", async () => {
    render(<App />);
    const link = await screen.findByRole("link", { name: "And then?" });
    expect(link.getAttribute("href")).toBe("/reports/r-1/review");
    expect(screen.getByText("Too short.")).toBeDefined();
  });

  it("tells the owner how far people and the machine agree", async () => {
    const found = { answers: 12, icc: 0.71, kappa: 0.7, bias: -0.25, apart: 0.5, within_half: 0.75 };
    const none = { answers: 0, icc: null, kappa: null, bias: null, apart: null, within_half: null };
    server.answer("GET /api/agreement", {
      dimensions: [{ dimension: "depth", with_machine: found, between_people: none, people: [] }],
    });
    render(<App />);
    const row = await screen.findByRole("row", { name: /Depth/ });
    await waitFor(() => expect(row.textContent).toBe("Depth120.710.70−0.2575 %–"));
  });
});

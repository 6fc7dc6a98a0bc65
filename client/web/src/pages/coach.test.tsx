import { act, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import type { Delivery, Event, Score } from "../protocol";
import { FakeServer, problem } from "../testing/server";
import { asked, BEN, began, CONSENTED, spoken, STARTED } from "../testing/wire";
import { Coach } from "./coach";

const QUOTE = { utterance: "u1", text: "cut it to one hour", start_ms: 62_000, end_ms: 64_000 };
const NEAREST = { utterance: "u1", text: "So I cut it", start_ms: 61_000, end_ms: 62_500 };
const SCORE: Score = {
  overall: 3.5,
  low: 2.5,
  high: 4.5,
  dimensions: [
    {
      dimension: "result",
      score: 3.5,
      low: 2.5,
      high: 4.5,
      contributions: [{ label: "a number", value: 3.5 }],
      quotes: [QUOTE],
      abstained: null,
      judged: null,
    },
    {
      dimension: "structure",
      score: 0.5,
      low: 0,
      high: 2,
      contributions: [
        { label: "No part stands out; how it begins is quoted", value: 0 },
        { label: "Close to the outline", value: 0.5 },
      ],
      quotes: [NEAREST],
      abstained: null,
      judged: null,
    },
    {
      dimension: "depth",
      score: null,
      low: null,
      high: null,
      contributions: [],
      quotes: [],
      abstained: "Too short.",
      judged: null,
    },
  ],
  marks: [
    { point: "result", criterion: "Says what came of it", level: "present", quotes: [QUOTE], reason: "A result." },
    { point: "lesson", criterion: "Says what was learnt", level: "absent", quotes: [], reason: "Nothing shows it." },
    {
      point: "early",
      criterion: "Warned early",
      level: "absent",
      quotes: [NEAREST],
      reason: `Not said; the nearest is “${NEAREST.text}”.`,
    },
  ],
  scorer: "local",
  weights: "1.0.0",
  abstained: null,
  caution: null,
  agreement: null,
  prompt: null,
};
const DELIVERY: Delivery = {
  words: 7,
  speaking_ms: 4_000,
  words_per_minute: 105,
  articulation_rate: 3,
  pauses: [],
  fillers: [],
  fillers_per_minute: 0,
  repairs: [],
  thinking_ms: 900,
};
const SCORED: Event[] = [
  CONSENTED,
  STARTED,
  asked(1, "What went wrong?"),
  began(1),
  spoken(1, "u1", "So I cut it to one hour"),
  { kind: "answer_finished", turn: 1, reason: "done", stream: null, through: null },
  { kind: "turn_closed", turn: 1, reason: "done", at_ms: 9_000 },
  { kind: "turn_scored", turn: 1, score: SCORE, delivery: DELIVERY },
];

async function enters(events: Event[] = SCORED): Promise<FakeServer> {
  const joined: Event = { kind: "participant_joined", participant: BEN, connection: "c-9", worker: "w", at_ms: 0 };
  const server = FakeServer.coached([...events, joined]);
  render(<Coach room="r-1" />);
  await waitFor(() => expect(screen.getByText("Connected")).toBeDefined());
  return server;
}

it("lets its owner withdraw invitations, once they are sure", async () => {
  const server = await enters();
  server.answer("POST /api/rooms/r-1/invitations", { url: "http://here/invited/code" }, 201);
  await userEvent.click(await screen.findByRole("button", { name: "Coach" }));
  expect(await screen.findByDisplayValue("http://here/invited/code")).toBeDefined();
  server.answer("DELETE /api/rooms/r-1/invitations/coach", null, 200);
  await userEvent.click(screen.getByText("Withdraw invitations"));
  await userEvent.click(screen.getByRole("button", { name: "Withdraw those for the coach" }));
  await userEvent.click(screen.getByRole("button", { name: "Withdraw", hidden: true }));
  await waitFor(() => expect(screen.queryByDisplayValue("http://here/invited/code")).toBeNull());
});

describe("what a coach sees", () => {
  it("is the interview from its start, with scores, intervals and abstentions", async () => {
    await enters();
    expect(screen.getByRole("heading", { name: /What went wrong/ })).toBeDefined();
    expect(screen.getByText(/of 5, probably between 2.5 and 4.5/)).toBeDefined();
    expect(screen.getByText("No score: Too short.")).toBeDefined();
    expect(screen.getAllByText("Not said")).toHaveLength(2);
  });

  it("ties a mark to its exact words and their time", async () => {
    await enters();
    const marks = within(screen.getByRole("list", { name: "What a strong answer has" }));
    const quote = marks.getByRole("button", { name: /cut it to one hour/ });
    expect(quote.textContent).toContain("1:02");
    await userEvent.hover(quote);
    expect(document.querySelector("mark")?.textContent).toBe("cut it to one hour");
    await userEvent.unhover(quote);
    expect(document.querySelector("mark")).toBeNull();
  });

  it("shows the words nearest to what is missing as such, once", async () => {
    await enters();
    const mark = within(screen.getByText("Warned early").closest("li") ?? document.body);
    expect(mark.getByText("The nearest words:")).toBeDefined();
    expect(mark.getAllByText(/So I cut it/)).toHaveLength(1);
  });

  it("ties each side's number to its words and its parts", async () => {
    await enters();
    const sides = screen.getByRole("list", { name: "Six sides of this answer" });
    const structure = within(sides).getByText("Structure").closest("li") ?? document.body;
    expect(within(structure).getByText("No part stands out; how it begins is quoted:")).toBeDefined();
    expect(within(structure).getByText("Close to the outline").closest("tr")?.textContent).toContain("+0.50");
    within(structure).getByText("Structure").closest("summary")?.focus();
    await waitFor(() => expect(document.querySelector("mark")?.textContent).toBe("So I cut it"));
  });

  it("is what goes on now, before what was", async () => {
    await enters([...SCORED, asked(2, "And then?")]);
    const questions = screen.getAllByRole("article").map((turn) => turn.textContent);
    expect(questions[0]).toContain("And then?");
    expect(questions[1]).toContain("What went wrong?");
  });

  it("keeps delivery apart, as coaching", async () => {
    await enters();
    expect(screen.getByText(/coaching only, never part of a score/)).toBeDefined();
  });
});

describe("what a coach can do", () => {
  it("is whisper and note", async () => {
    const server = await enters();
    await userEvent.type(screen.getByLabelText(/Whisper to the candidate/), "Name a number{Enter}");
    await userEvent.type(screen.getByLabelText(/Private note/), "Calm{Enter}");
    expect(server.wishes.map(({ command }) => command)).toEqual([
      { kind: "whisper", text: "Name a number" },
      { kind: "take_note", text: "Calm" },
    ]);
  });

  it("is choose the next question, found by its words", async () => {
    const server = await enters();
    await screen.findByText("Tell me about a promise.");
    await userEvent.type(screen.getByLabelText("Search the questions"), "conf");
    expect(screen.queryByText("Tell me about a promise.")).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: /Tell me about a conflict/ }));
    expect(server.wishes[0]?.command).toEqual({ kind: "choose_next", question: "conflict" });
    act(() => server.happen({ kind: "next_question_chosen", question: "conflict", own: null, by: BEN.id }));
    expect(screen.getByText("Next: Tell me about a conflict.")).toBeDefined();
  });

  it("is take the chair, ask, and hand back", async () => {
    const server = await enters();
    await userEvent.click(screen.getByRole("button", { name: "Take over as interviewer" }));
    act(() => server.happen({ kind: "interviewer_changed", to: BEN.id }));
    await userEvent.type(screen.getByLabelText(/Ask your own question/), "And why?{Enter}");
    await userEvent.click(screen.getByRole("button", { name: /Hand back/ }));
    expect(server.kinds).toEqual(["take_over", "ask_own", "hand_back"]);
  });

  it("is write a question with what a strong answer says, and have it asked next", async () => {
    const server = await enters();
    await userEvent.type(screen.getByLabelText(/Write a question/), "What did it cost?");
    await userEvent.click(screen.getByRole("button", { name: "Add a point" }));
    await userEvent.type(screen.getByLabelText("Point 1"), "Names a figure");
    await userEvent.selectOptions(screen.getByLabelText("Weight of point 1"), "× 3");
    await userEvent.click(screen.getByRole("button", { name: "Add a point" })); // left empty: not sent
    await userEvent.type(screen.getByLabelText("Model answer"), "About five euros.");
    await userEvent.click(screen.getByRole("button", { name: "Ask next" }));
    const points = [{ text: "Names a figure", weight: 3 }];
    const reference = "About five euros.";
    expect(server.wishes.at(-1)?.command).toEqual({ kind: "write_next", text: "What did it cost?", points, reference });
    const own = {
      id: null,
      follow_up_of: null,
      text: "What did it cost?",
      competence: null,
      difficulty: null,
      kind: "own" as const,
      why: null,
      points,
      reference,
    };
    act(() => server.happen({ kind: "next_question_chosen", question: "own", own, by: BEN.id }));
    expect(screen.getByText("Next: What did it cost?")).toBeDefined();
  });

  it("is write points by keyboard: the focus is never lost", async () => {
    await enters();
    const question = screen.getByLabelText(/Write a question/);
    await userEvent.type(question, "What did it cost?");
    const add = screen.getByRole("button", { name: "Add a point" });
    for (const text of ["One figure", "Two figures"]) {
      await userEvent.click(add);
      await userEvent.keyboard(text);
    }
    await userEvent.click(screen.getByRole("button", { name: "Remove point 1" }));
    expect(document.activeElement).toHaveProperty("value", "Two figures");
    await userEvent.click(screen.getByRole("button", { name: "Remove point 1" }));
    expect(document.activeElement).toBe(add);
    await userEvent.click(add);
    await userEvent.keyboard("Three figures{Enter}");
    expect(document.activeElement).toBe(question);
  });

  it("is not asking while an answer is open", async () => {
    const server = await enters([CONSENTED, STARTED, asked(1), began(1)]);
    act(() => server.happen({ kind: "interviewer_changed", to: BEN.id }));
    expect(screen.getByLabelText<HTMLInputElement>(/Ask your own question/).disabled).toBe(true);
  });

  it("is told no in words", async () => {
    const server = await enters();
    server.accepting = false;
    await userEvent.click(screen.getByRole("button", { name: "Take over as interviewer" }));
    act(() =>
      server.socket.say({ type: "refused", id: server.wishes[0]?.id ?? null, ...problem("chair_taken", true) }),
    );
    expect(screen.getByRole("alert").textContent).toContain("Sentence of chair_taken.");
  });

  it("is nothing for an observer, who only watches", async () => {
    const server = FakeServer.coached(SCORED);
    server.answer("GET /api/rooms/r-1", {
      room: "r-1",
      mode: "technical",
      length: 3,
      phase: "lobby",
      roles: ["observer"],
    });
    render(<Coach room="r-1" />);
    await screen.findByText("Connected");
    expect(screen.queryByLabelText(/Whisper/)).toBeNull();
    expect(screen.queryByRole("button", { name: "End" })).toBeNull();
  });
});

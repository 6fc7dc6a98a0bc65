import { act, cleanup, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { CLOSE, type Event } from "../protocol";
import { FakeServer, problem } from "../testing/server";
import { asked, BEN, began, CONSENTED, OPENED, spoken, STARTED } from "../testing/wire";
import { Candidate } from "./candidate";

const ANSWERING = [CONSENTED, STARTED, asked(1), began(1)];

beforeEach(() => localStorage.setItem("greenroom.aloud", "no"));

async function enters(events = ANSWERING): Promise<FakeServer> {
  const server = new FakeServer(events);
  render(<Candidate room="r-1" />);
  await waitFor(() => expect(screen.getByText("Connected")).toBeDefined());
  return server;
}

describe("before the interview", () => {
  it("shows the notice, and nothing is done before it is agreed to", async () => {
    const server = await enters([]);
    expect(await screen.findByText("An AI interviews you here.")).toBeDefined();
    expect(server.kinds).toEqual([]);
    await userEvent.click(screen.getByRole("button", { name: "I understand and agree" }));
    expect(server.wishes[0]?.command).toEqual({ kind: "give_consent", notice: "2026-11" });
  });

  it("can be started without a microphone", async () => {
    const server = await enters([CONSENTED]);
    await userEvent.click(screen.getByRole("button", { name: "Turn on the microphone" }));
    expect((await screen.findByRole("alert")).textContent).toContain("https pages");
    await userEvent.click(screen.getByRole("button", { name: "Start and type my answers" }));
    expect(server.kinds).toEqual(["start_interview"]);
  });
});

describe("a planned interview", () => {
  const PLANNED = { ...OPENED, starts_at: 1_795_003_600_000 } as Event;

  it("says when it begins, and cannot be started before", async () => {
    const server = await enters([PLANNED, CONSENTED]);
    expect((await screen.findByText(/You can settle in already/)).textContent).toContain("2026");
    const start = screen.getByRole<HTMLButtonElement>("button", { name: "Start and type my answers" });
    expect(start.disabled).toBe(true);
    act(() => server.happen({ kind: "lobby_opened", by: "p-ben" }));
    expect(start.disabled).toBe(false);
    expect(screen.queryByText(/You can settle in already/)).toBeNull();
  });
});

describe("an answer's time", () => {
  it("is nearly up: that is said calmly, and what is written goes by itself", async () => {
    const server = await enters();
    await userEvent.type(screen.getByLabelText("Type your answer"), "A queue");
    act(() => server.happen({ kind: "turn_limit_near", turn: 1, at_ms: 0, ends_ms: 1 }));
    expect(screen.getByText(/nearly up/)).toBeDefined();
    await waitFor(() =>
      expect(server.wishes.at(-1)?.command).toEqual({
        kind: "type_answer",
        turn: 1,
        question: "Question 1?",
        text: "A queue",
      }),
    );
  });
});

describe("a question", () => {
  it("takes the focus, names the AI that asks, and gives the floor once", async () => {
    const server = await enters([CONSENTED, STARTED, asked(1, "What went wrong?")]);
    const heading = await screen.findByRole("heading", { name: "What went wrong?" });
    expect(document.activeElement).toBe(heading);
    expect(screen.getByText("AI interviewer")).toBeDefined();
    expect(screen.getByText("Question 1 of 3")).toBeDefined();
    await waitFor(() => expect(server.kinds).toEqual(["begin_answer"]));
    act(() => server.happen(began(1)));
    expect(server.kinds).toEqual(["begin_answer"]);
  });

  it("does not take the focus from somebody who types", async () => {
    const server = await enters();
    const box = screen.getByLabelText("Type your answer");
    await userEvent.click(box);
    act(() => server.happen({ kind: "question_repeated", turn: 1 }));
    expect(document.activeElement).toBe(box);
  });

  it("that waits for the end of a pause gives the floor then", async () => {
    const server = await enters([
      CONSENTED,
      STARTED,
      asked(1),
      { kind: "interview_paused", by: "p-ana", at_ms: 9_000 },
    ]);
    expect(server.kinds).toEqual([]);
    act(() => server.happen({ kind: "interview_resumed", by: "p-ana", at_ms: 9_500 }));
    await waitFor(() => expect(server.kinds).toEqual(["begin_answer"]));
  });
});

describe("an answer", () => {
  it("shows firm words and guesses differently", async () => {
    const server = await enters();
    act(() => {
      server.happen(spoken(1, "u0", "We were late."));
      const what = { kind: "partial", turn: 1, utterance: "u1", stable: "So I", unstable: "mentioned" } as const;
      server.socket.say({ type: "telling", what });
    });
    expect(screen.getByText("We were late.").className).not.toContain("tentative");
    expect(screen.getByText("mentioned").className).toBe("tentative");
    expect(screen.getByText("mentioned").closest("[aria-hidden=true]")).not.toBeNull();
  });

  it("can be typed: the turn is held once, and “I’m done” sends what is still in the box", async () => {
    const server = await enters();
    await userEvent.type(screen.getByLabelText("Type your answer"), "I wrote it down");
    await userEvent.click(screen.getByRole("button", { name: /I’m done/ }));
    expect(server.wishes.map(({ command }) => command)).toEqual([
      { kind: "hold_turn", turn: 1, question: "Question 1?" },
      { kind: "type_answer", turn: 1, question: "Question 1?", text: "I wrote it down" },
      { kind: "finish_answer", turn: 1, question: "Question 1?", stream: null, through: null },
    ]);
    expect(screen.getByLabelText<HTMLTextAreaElement>("Type your answer").value).toBe("");
  });

  it("met by a fault stays where it is, and is sent again by itself", async () => {
    const server = await enters();
    server.accepting = false;
    const box = screen.getByLabelText<HTMLTextAreaElement>("Type your answer");
    await userEvent.type(box, "not lost{Control>}{Enter}");
    const id = server.wishes.find(({ command }) => command.kind === "type_answer")?.id ?? "";
    act(() => server.socket.say({ type: "refused", id, ...problem("redis_away", true) }));
    expect([box.value, screen.queryByRole("alert")]).toEqual(["", null]);
    expect(screen.getByText(/Sentence of redis_away/).textContent).toContain("sent again by itself");
    server.accepting = true;
    await waitFor(() => expect(server.wishes.filter((wish) => wish.id === id)).toHaveLength(2));
  });

  it("of an earlier question that is refused is shown where it can be read and copied", async () => {
    const server = await enters();
    server.accepting = false;
    await userEvent.type(screen.getByLabelText("Type your answer"), "of before{Control>}{Enter}");
    const id = server.wishes.find(({ command }) => command.kind === "type_answer")?.id ?? "";
    act(() => server.happen({ kind: "turn_closed", turn: 1, reason: "limit", at_ms: 9_000 }, asked(2)));
    act(() => server.socket.say({ type: "refused", id, ...problem("wrong_turn") }));
    expect(screen.getByRole("alert").textContent).toContain("This is what you wrote: “of before”");
    expect(screen.getByLabelText<HTMLTextAreaElement>("Type your answer").value).toBe("");
  });

  it("to a question that was lost, with another one in its turn, is shown and not put to that one", async () => {
    const server = await enters();
    server.accepting = false;
    const box = screen.getByLabelText<HTMLTextAreaElement>("Type your answer");
    await userEvent.type(box, "One.{Control>}{Enter}{/Control}Two.{Control>}{Enter}");
    const typed = server.wishes.filter(({ command }) => command.kind === "type_answer");
    for (const { id } of typed) act(() => server.socket.say({ type: "refused", id, ...problem("other_question") }));
    expect(screen.getByRole("alert").textContent).toContain("This is what you wrote: “One. Two.”");
    expect(box.value).toBe("");
  });

  it("comes back into the box when it is refused", async () => {
    const server = await enters();
    server.accepting = false;
    await userEvent.type(screen.getByLabelText("Type your answer"), "not lost");
    await userEvent.keyboard("{Control>}{Enter}{/Control}");
    const id = server.wishes.find(({ command }) => command.kind === "type_answer")?.id ?? null;
    act(() => server.socket.say({ type: "refused", id, ...problem("paused", true) }));
    expect(screen.getByLabelText<HTMLTextAreaElement>("Type your answer").value).toBe("not lost");
    expect(screen.getByRole("alert").textContent).toContain("Sentence of paused.");
  });

  it("is helped by single keys, which can be switched off", async () => {
    const server = await enters();
    await userEvent.keyboard("m");
    expect(server.kinds).toEqual(["hold_turn"]);
    await userEvent.click(screen.getByText("Keys and sound"));
    await userEvent.click(screen.getByLabelText(/Single keys/));
    await userEvent.keyboard("d");
    expect(server.kinds).toEqual(["hold_turn"]);
  });

  it("is skipped only after a second press", async () => {
    const server = await enters();
    await userEvent.click(screen.getByRole("button", { name: "Skip" }));
    expect(server.kinds).toEqual([]);
    await userEvent.click(screen.getByRole("button", { name: "Yes, skip it" }));
    expect(server.kinds).toEqual(["skip_question"]);
  });
});

it("consent can be withdrawn, after a second press", async () => {
  const server = await enters();
  await userEvent.click(screen.getByText("Keys and sound"));
  await userEvent.click(screen.getByRole("button", { name: "Withdraw my consent" }));
  expect(server.kinds).toEqual([]);
  await userEvent.click(screen.getByRole("button", { name: "Withdraw and end" }));
  expect(server.kinds).toEqual(["withdraw_consent"]);
});

describe("people", () => {
  it("see who is here", async () => {
    const server = await enters();
    act(() =>
      server.happen({ kind: "participant_joined", participant: BEN, connection: "c-2", worker: "w", at_ms: 0 }),
    );
    const here = within(screen.getByRole("list", { name: "Who is here" }));
    expect(here.getAllByRole("listitem").map((item) => item.textContent)).toEqual(["You candidate", "Ben coach"]);
  });

  it("are whispered to, until they have read it", async () => {
    const server = await enters();
    act(() => server.happen({ kind: "whispered", by: BEN.id, text: "Name a number.", at_ms: 1 }));
    expect(screen.getByText(/Name a number/)).toBeDefined();
    await userEvent.click(screen.getByRole("button", { name: "Got it" }));
    expect(screen.queryByText(/Name a number/)).toBeNull();
  });
});

describe("trouble", () => {
  it.each(["unknown_room", "signed_out", "room_closed"])("at the door says what to do: %s", async (code) => {
    const server = new FakeServer();
    server.answer("GET /api/rooms/r-1", problem(code), 404);
    render(<Candidate room="r-1" />);
    expect(await screen.findByText(`Sentence of ${code}.`)).toBeDefined();
  });

  it("shows where to go who was invited to watch", async () => {
    const server = new FakeServer();
    server.answer("GET /api/rooms/r-1", {
      room: "r-1",
      mode: "technical",
      length: 3,
      phase: "lobby",
      roles: ["coach"],
    });
    render(<Candidate room="r-1" />);
    expect((await screen.findByRole("link", { name: /coach’s page/ })).getAttribute("href")).toBe("/rooms/r-1/coach");
  });

  it.each(["session_ended", "invitation_withdrawn"])("ends the visit, and says what to do next: %s", async (code) => {
    const server = await enters();
    act(() => server.socket.say({ type: "goodbye", code, sentence: `Sentence of ${code}.`, retry: false }));
    act(() => server.socket.drop(CLOSE.SIGNED_OUT));
    expect(await screen.findByText(`Sentence of ${code}.`)).toBeDefined();
    expect(screen.getByRole("heading", { name: /signed out|withdrawn/ })).toBeDefined();
    expect(server.sockets).toHaveLength(1);
  });

  it("with the connection is said, and passes by itself", async () => {
    const server = await enters();
    act(() => server.socket.drop(1006));
    expect(screen.getByText("Connecting again…")).toBeDefined();
    expect(screen.getByText(/Your words are kept here/)).toBeDefined();
    await waitFor(() => expect(screen.getByText("Connected")).toBeDefined());
    expect(screen.getByText("Your words are safe")).toBeDefined();
  });

  it("of a second device is explained, and the seat can be taken back", async () => {
    const server = await enters();
    act(() => {
      server.socket.say({ type: "goodbye", ...problem("taken_over") });
      server.socket.drop(CLOSE.TAKEN_OVER);
    });
    await userEvent.click(screen.getByRole("button", { name: "Go on here instead" }));
    await waitFor(() => expect(screen.getByText("Connected")).toBeDefined());
    expect(server.sockets).toHaveLength(2);
  });
});

it("leads to the report when the interview is over", async () => {
  const server = await enters([CONSENTED, STARTED]);
  server.answer("GET /api/reports/r-1", problem("report_not_ready", true), 404);
  act(() => server.happen({ kind: "room_closed", at_ms: 9, reason: "finished" }));
  expect(await screen.findByText("Your report is being written…")).toBeDefined();
  server.answer("GET /api/reports/r-1", { room: "r-1", turns: [] });
  const link = await screen.findByRole("link", { name: "Read the report" });
  expect(link.getAttribute("href")).toBe("/reports/r-1");
});

describe("what happens to the room", () => {
  it("is said when it was restored, until it is read, also after a reload", async () => {
    const server = await enters();
    act(() => server.happen({ kind: "room_restored", through: 9, at_ms: 9_000 }));
    expect((await screen.findByText(/The room was restored/)).closest("[role=status]")).not.toBeNull();
    await userEvent.click(screen.getByRole("button", { name: "All right" }));
    expect(screen.queryByText(/The room was restored/)).toBeNull();
    cleanup();
    await enters([...ANSWERING, { kind: "room_restored", through: 9, at_ms: 9_000 }]);
    expect(screen.queryByText(/The room was restored/)).toBeNull();
  });

  it("is said when another server took over, and nothing else changes", async () => {
    const server = await enters();
    act(() => server.socket.say({ type: "moving", within_ms: 1 }));
    expect(await screen.findByText("Connected, on another server")).toBeDefined();
    expect(screen.getByLabelText("Type your answer")).toBeDefined();
  });

  it("is said when an answer’s time is nearly up", async () => {
    const server = await enters();
    act(() =>
      server.happen({
        kind: "turn_limit_near",
        turn: 1,
        at_ms: Date.now() - 1_795_000_000_000,
        ends_ms: Date.now() - 1_795_000_000_000 + 60_000,
      }),
    );
    expect((await screen.findByText(/nearly up: about 1 minute left/)).closest("[role=status]")).not.toBeNull();
  });

  it("is said as saved only when the database has it", async () => {
    const server = await enters();
    expect(await screen.findByText("Your words have arrived and are being saved…")).toBeDefined();
    act(() => server.socket.say({ type: "durable", version: 10 }));
    expect(await screen.findByText("Your words are safe")).toBeDefined();
  });
});

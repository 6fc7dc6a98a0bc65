import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { CLOSE } from "../protocol";
import { FakeServer, problem } from "../testing/server";
import { asked, began, CONSENTED, STARTED } from "../testing/wire";
import { BROWSER, Session } from "./session";

const EVENTS = [CONSENTED, STARTED, asked(1), began(1)];
const ANSWER = { kind: "type_answer", turn: 1, text: "what was typed" } as const;

let server: FakeServer;
let session: Session;

function start(): Session {
  return new Session("r-1", "candidate", () => null, { ...BROWSER, chance: () => 1 });
}

async function live(): Promise<void> {
  session.enter();
  await expect.poll(() => session.connection().stage).toBe("live");
}

beforeEach(() => {
  server = new FakeServer(EVENTS);
  session = start();
});

afterEach(() => {
  session.leave();
  vi.useRealTimers();
});

it("says hello and is let in", async () => {
  await live();
  expect(server.socket.address).toMatch(/^ws:\/\/.*\/rooms\/r-1\/socket$/);
  expect(server.hellos).toMatchObject([{ ticket: "t", resume: null }]);
});

it("comes back by itself with its cursor, and says again what was not answered", async () => {
  await live();
  server.accepting = false;
  session.wish(ANSWER);
  server.socket.drop(1006);
  await expect.poll(() => server.sockets).toHaveLength(2);
  await expect.poll(() => server.wishes).toHaveLength(2);
  expect(server.hellos[1]?.resume).toMatchObject({ version: 10 });
  expect(server.wishes[0]).toEqual(server.wishes[1]);
});

it("keeps what was typed over a reload of the page", async () => {
  await live();
  server.accepting = false;
  session.wish(ANSWER);
  session.leave();

  server.accepting = true;
  session = start();
  await live();
  expect(server.wishes.map(({ id }) => id)).toEqual([server.wishes[0]?.id, server.wishes[0]?.id]);
  server.socket.say({ type: "durable", version: 10 });
  expect(localStorage).toHaveLength(0);
});

it("does not announce a microphone again whose page is gone", async () => {
  await live();
  server.accepting = false;
  session.openMicrophone();
  session.wish({ kind: "finish_answer", turn: 1, stream: "s", through: 7 });
  session.leave();

  session = start();
  await live();
  expect(server.wishes.slice(2).map(({ command }) => command)).toEqual([
    { kind: "finish_answer", turn: 1, question: "Question 1?", stream: null, through: null },
  ]);
});

it("tries another ticket while the server is away", async () => {
  server.answer("POST /api/rooms/r-1/tickets", problem("redis_away", true), 503);
  session.enter();
  await expect.poll(() => session.connection().stage).toBe("waiting");
  server.answer("POST /api/rooms/r-1/tickets", { ticket: "t2" }, 201);
  await expect.poll(() => session.connection().stage).toBe("live");
});

it("takes an unreachable server for one that is away", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("network")));
  session.enter();
  await expect.poll(() => session.connection().problem?.code).toBe("server_away");
  expect(session.connection().stage).toBe("waiting");
});

describe("a worker that goes away", () => {
  it("is used until another one has welcomed the page, and then let go", async () => {
    await live();
    const [first] = server.sockets;
    first?.say({ type: "moving", within_ms: 10 });
    await expect.poll(() => session.connection().moves).toBe(1);
    expect([server.sockets.length, first?.left, session.connection().stage]).toEqual([2, true, "live"]);
    session.wish(ANSWER);
    expect(server.sockets[1]?.sent.some((text) => text.includes("what was typed"))).toBe(true);
    expect(server.hellos[1]?.resume).toMatchObject({ version: 10 });
  });

  it("may end the first socket because the second one has taken its seat: that is no news", async () => {
    await live();
    const [first] = server.sockets;
    const stages = new Set<string>();
    session.subscribe(() => stages.add(session.connection().stage));
    server.welcoming = false;
    first?.say({ type: "moving", within_ms: 10 });
    await expect.poll(() => server.hellos).toHaveLength(2);
    first?.drop(CLOSE.TAKEN_OVER);
    server.welcomes(server.socket);
    await expect.poll(() => session.connection().moves).toBe(1);
    expect(stages.has("over") || stages.has("waiting")).toBe(false);
  });
});

describe("what was written on this device", () => {
  it("stays when another tab of the same room keeps its own", async () => {
    await live();
    server.accepting = false;
    session.wish(ANSWER);
    const other = start();
    other.wish({ ...ANSWER, text: "from the other tab" });
    const texts = start()
      .shelf.wishes()
      .map(({ command }) => command.kind === "type_answer" && command.text);
    expect(texts).toEqual(["what was typed", "from the other tab"]);
  });

  it("is no answer to another question in the same turn, and waits for its own", () => {
    session.shelf.writeDraft(1, "Why?", "half a sentence");
    session.shelf.writeDraft(1, "How?", "like this");
    expect(session.shelf.draft(1, "When?")).toBe("");
    expect(session.shelf.draft(1, "Why?")).toBe("half a sentence");
  });

  it("is thrown away with the end of the interview", async () => {
    await live();
    session.shelf.writeDraft(1, "Why?", "half a sentence");
    session.wish(ANSWER);
    expect(localStorage).toHaveLength(2);
    server.happen({ kind: "room_closed", at_ms: 9_000, reason: "finished" });
    expect(localStorage).toHaveLength(0);
  });

  it("is thrown away after a week, and what cannot be read at once", () => {
    session.shelf.writeDraft(1, "Why?", "half a sentence");
    localStorage.setItem("greenroom.kept.r-2.draft.1", "{");
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.setSystemTime(Date.now() + 8 * 24 * 3600 * 1000);
    start();
    expect(localStorage).toHaveLength(0);
  });
});

describe("a network that vanished without a word", () => {
  it("is noticed within five seconds, though nothing is outstanding", async () => {
    vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval", "setTimeout", "clearTimeout"] });
    session.enter();
    await vi.advanceTimersByTimeAsync(0);
    server.answering = false;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(server.sockets[0]?.left).toBe(true);
    expect(server.sockets.length).toBeGreaterThan(1);
  });

  it("is noticed by an answer that stays out", async () => {
    vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval", "setTimeout", "clearTimeout"] });
    session.enter();
    await vi.advanceTimersByTimeAsync(0);
    expect(session.connection().stage).toBe("live");
    server.accepting = server.answering = false;
    session.wish(ANSWER);
    await vi.advanceTimersByTimeAsync(12_000);
    expect(server.sockets[0]?.left).toBe(true);
    expect(server.sockets.length).toBeGreaterThan(1);
  });

  it("is not seen in a room where nothing happens and pings are answered", async () => {
    vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval", "setTimeout", "clearTimeout"] });
    session.enter();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.sockets).toHaveLength(1);
  });
});

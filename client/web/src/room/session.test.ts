import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

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
  await vi.waitFor(() => expect(session.connection().stage).toBe("live"));
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
  await vi.waitFor(() => expect(server.sockets).toHaveLength(2));
  await vi.waitFor(() => expect(server.wishes).toHaveLength(2));
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
  expect(sessionStorage).toHaveLength(0);
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
    { kind: "finish_answer", turn: 1, stream: null, through: null },
  ]);
});

it("tries another ticket while the server is away", async () => {
  server.answer("POST /api/rooms/r-1/tickets", problem("redis_away", true), 503);
  session.enter();
  await vi.waitFor(() => expect(session.connection().stage).toBe("waiting"));
  server.answer("POST /api/rooms/r-1/tickets", { ticket: "t2" }, 201);
  await vi.waitFor(() => expect(session.connection().stage).toBe("live"), 2_000);
});

it("takes an unreachable server for one that is away", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("network")));
  session.enter();
  await vi.waitFor(() => expect(session.connection().problem?.code).toBe("server_away"));
  expect(session.connection().stage).toBe("waiting");
});

describe("a network that vanished without a word", () => {
  it("is noticed by an answer that stays out", async () => {
    vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval", "setTimeout", "clearTimeout"] });
    session.enter();
    await vi.advanceTimersByTimeAsync(0);
    expect(session.connection().stage).toBe("live");
    server.accepting = false;
    session.wish(ANSWER);
    await vi.advanceTimersByTimeAsync(12_000);
    expect(server.sockets[0]?.left).toBe(true);
    expect(server.sockets.length).toBeGreaterThan(1);
  });

  it("is not seen in a room where nothing is outstanding", async () => {
    vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval", "setTimeout", "clearTimeout"] });
    session.enter();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.sockets).toHaveLength(1);
  });
});

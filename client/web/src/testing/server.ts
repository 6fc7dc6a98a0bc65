/** A server at the page's edge: answers its fetches and speaks the wire's real messages on its sockets. */
import { vi } from "vitest";

import type { Command, Event, Hello, Participant, Role, ServerMessage } from "../protocol";
import { ANA, BEN, happened, roomAfter, welcome } from "./wire";

type Answer = { status: number; body: unknown };

export class FakeSocket extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readyState = FakeSocket.CONNECTING;
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: ((close: { code: number }) => void) | null = null;
  readonly sent: string[] = [];
  frames = 0;
  left = false;

  constructor(
    readonly address: string,
    private readonly heard: (socket: FakeSocket, text: string) => void,
  ) {
    super();
    queueMicrotask(() => {
      this.readyState = FakeSocket.OPEN;
      this.onopen?.();
    });
  }

  send(data: string | Uint8Array): void {
    if (typeof data !== "string") this.frames += 1;
    else {
      this.sent.push(data);
      this.heard(this, data);
    }
  }

  close(): void {
    this.left = true;
    this.readyState = FakeSocket.CLOSED;
  }

  say(message: ServerMessage): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  drop(code: number): void {
    this.readyState = FakeSocket.CLOSED;
    this.onclose?.({ code });
  }
}

export class FakeServer {
  readonly sockets: FakeSocket[] = [];
  readonly hellos: Hello[] = [];
  readonly wishes: { id: string; command: Command }[] = [];
  /** Answers by method and path; a later entry wins. */
  readonly answers = new Map<string, Answer>();
  /** What was sent with each request that sent something, by method and path; a later one wins. */
  readonly sent = new Map<string, unknown>();
  /** Wishes are accepted at once; false leaves them unanswered. */
  accepting = true;
  /** Whoever says hello is let in at once. */
  welcoming = true;
  /** Pings are answered; false is a network that vanished without a word. */
  answering = true;
  private version = 10;

  constructor(
    private events: Event[] = [],
    private readonly you: Participant = ANA,
  ) {
    this.answer("GET /api/me", { id: "owner", name: "You", owner: true });
    this.answer("GET /api/notice", {
      version: "2026-11",
      title: "Before we begin",
      paragraphs: ["An AI interviews you here."],
      points: ["Typing is as good as speaking."],
    });
    const roles: Role[] = ["candidate", "coach", "observer"];
    this.answer("GET /api/rooms/r-1", {
      room: "r-1",
      mode: "behavioural",
      length: 3,
      phase: "lobby",
      stage: "lobby",
      opened_at: 0,
      starts_at: null,
      roles,
    });
    this.answer("POST /api/rooms/r-1/tickets", { ticket: "t", expires_in_s: 30, socket: "/s", participant: you }, 201);
    this.answer("GET /api/questions", {
      questions: [
        { id: "promise", text: "Tell me about a promise.", competence: "ownership", difficulty: 2 },
        { id: "conflict", text: "Tell me about a conflict.", competence: "conflict", difficulty: 3 },
      ],
    });
    vi.stubGlobal("fetch", (path: string, request: RequestInit) => Promise.resolve(this.fetched(path, request)));
    vi.stubGlobal(
      "WebSocket",
      class extends FakeSocket {
        constructor(address: string) {
          super(address, (socket, text) => server.heard(socket, text));
          server.sockets.push(this);
        }
      },
    );
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the stubbed class has a `this` of its own
    const server = this;
  }

  static coached(events: Event[] = []): FakeServer {
    return new FakeServer(events, BEN);
  }

  answer(what: string, body: unknown, status = 200): void {
    this.answers.set(what, { status, body });
  }

  get socket(): FakeSocket {
    const last = this.sockets.at(-1);
    if (!last) throw new Error("nobody connected");
    return last;
  }

  /** Something happened: told to whoever is connected, and part of every later welcome. */
  happen(...events: Event[]): void {
    for (const event of events) {
      this.events = [...this.events, event];
      this.version += 1;
      this.socket.say(happened(this.version, event));
    }
  }

  get kinds(): string[] {
    return this.wishes.map(({ command }) => command.kind);
  }

  /** Lets in whoever said hello last. */
  welcomes(socket: FakeSocket): void {
    const cursor = { epoch: "e", version: this.version, tag: "t" };
    const resumed = this.hellos.at(-1)?.resume ? 0 : null;
    const room = resumed === null ? roomAfter(...this.events) : null;
    socket.say(welcome(room, { you: this.you, cursor, resumed }));
  }

  private fetched(path: string, request: RequestInit): Response {
    const key = `${request.method ?? "GET"} ${path.split("?")[0] ?? ""}`;
    if (typeof request.body === "string") this.sent.set(key, JSON.parse(request.body));
    const { status, body } = this.answers.get(key) ?? { status: 404, body: problem("not_found") };
    return new Response(JSON.stringify(body), { status });
  }

  private heard(socket: FakeSocket, text: string): void {
    const message = JSON.parse(text) as
      Hello | { type: "do"; id: string; command: Command } | { type: "typing" } | { type: "ping" };
    if (message.type === "hello") {
      this.hellos.push(message);
      if (this.welcoming) this.welcomes(socket);
    } else if (message.type === "ping") {
      if (this.answering) socket.say({ type: "pong" });
    } else if (message.type === "do") {
      this.wishes.push(message);
      if (this.accepting) socket.say({ type: "accepted", id: message.id, version: this.version });
    }
  }
}

export function problem(code: string, retry = false) {
  return { code, sentence: `Sentence of ${code}.`, retry };
}

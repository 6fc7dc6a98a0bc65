/**
 * A room's connection in the real world: carries out the effects of `connection.step` with sockets, clocks and chance.
 *
 * Decides nothing about the room. Its outbox outlives the page, on this browser's shelf.
 */
import { getTicket, problemOf } from "../api";
import type { Command, Encoding, Event, Refused, Role, ServerMessage } from "../protocol";
import type { Sound } from "./audio";
import { AT_REST, MARKS_SINCE, pending, step, type Connection, type Effect, type Input } from "./connection";
import type { Wish } from "./meant";
import { restored, type Outbox } from "./outbox";
import { Shelf, type Laid } from "./shelf";

/** What a session needs from outside; a test hands in its own. */
export interface Outside {
  getTicket: typeof getTicket;
  connect: (address: string) => WebSocket;
  chance: () => number;
  newId: () => string;
  storage: Storage;
}

export interface Refusing {
  refused: Refused;
  command: Command | null;
}

const WELCOME_DEADLINE_MS = 10_000;
/** How long an answer may stay out with a server that knows no ping. */
const ANSWER_DEADLINE_MS = 8_000;
/** A line on which nothing came for so long is asked for a sign of life, and given up so long after that. */
const PING_AFTER_MS = 1_500;
const PONG_DEADLINE_MS = 2_500;
const WATCH_EVERY_MS = 500;
const SECOND_MS = 1_000;
/** A connection that held so long starts the waits anew. */
const STEADY_AFTER_MS = 5_000;

export const BROWSER: Outside = {
  getTicket,
  connect: (address) => new WebSocket(address),
  chance: Math.random,
  // Not randomUUID: browsers have that only on secure pages, and a typed interview needs none.
  newId: () => Array.from(crypto.getRandomValues(new Uint32Array(3)), (part) => part.toString(36)).join("-"),
  get storage() {
    return localStorage;
  },
};

export class Session {
  private now: Connection;
  private socket: WebSocket | null = null;
  private second: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private moveTimer: ReturnType<typeof setTimeout> | undefined;
  private watch: ReturnType<typeof setInterval> | undefined;
  private heardAt = 0;
  private askedAt = 0;
  private quietSince = 0;
  private liveSince = 0;
  private tickedAt = 0;
  /** How much later this device's clock is than the server's; how long a message takes is in it. */
  private skewMs: number | null = null;
  private readonly watchers = new Set<() => void>();
  private readonly eventListeners = new Set<(event: Event) => void>();
  private readonly refusalListeners = new Set<(refusing: Refusing) => void>();
  readonly shelf: Shelf;

  constructor(
    readonly room: string,
    readonly role: Role,
    private readonly name: () => string | null,
    private readonly outside: Outside = BROWSER,
  ) {
    this.shelf = new Shelf(outside.storage, room, role);
    this.now = { ...AT_REST, outbox: restored(this.shelf.wishes().map(withoutVoice)) };
  }

  readonly connection = (): Connection => this.now;

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  onEvent(listener: (event: Event) => void): () => void {
    this.eventListeners.add(listener);
    return () => this.eventListeners.delete(listener);
  }

  onRefusal(listener: (refusing: Refusing) => void): () => void {
    this.refusalListeners.add(listener);
    return () => this.refusalListeners.delete(listener);
  }

  enter(): void {
    this.watch ??= setInterval(() => this.look(), WATCH_EVERY_MS);
    clearTimeout(this.timer);
    this.feed({ is: "enter" });
  }

  leave(): void {
    clearTimeout(this.timer);
    clearInterval(this.watch);
    this.watch = undefined;
    this.dropSecond();
    this.drop();
    this.feed({ is: "left" });
  }

  /** Comes in anew, as for another name. Nothing kept here is lost. */
  enterAnew(): void {
    this.leave();
    this.enter();
  }

  wish(command: Wish): void {
    this.feed({ is: "wish", id: this.outside.newId(), command });
  }

  openMicrophone(encoding: Encoding = "pcm16"): void {
    this.feed({ is: "microphone", stream: `mic-${this.outside.newId()}`, id: this.outside.newId(), encoding });
  }

  frame(data: Sound, captureMs: number, rested = false): void {
    this.feed({ is: "frame", data, captureMs, rested });
  }

  /** Told to the room, not kept: lost without harm when there is no connection. */
  typing(turn: number): void {
    if (this.now.stage === "live") this.say(JSON.stringify({ type: "typing", turn }));
  }

  private feed(input: Input): void {
    const before = this.now;
    const [next, effects] = step(before, input);
    this.now = next;
    if (next.outbox !== before.outbox) this.keep(before.outbox, next.outbox);
    for (const effect of effects) this.carryOut(effect);
    if (typeof next.room?.closed_ms === "number" && pending(next).length === 0) this.shelf.clear();
    if (next !== before) this.watchers.forEach((watcher) => watcher());
  }

  private carryOut(effect: Effect): void {
    switch (effect.do) {
      case "get_ticket":
        void this.fetchTicket();
        break;
      case "connect":
        this.connect(effect.ticket, effect.second);
        break;
      case "greet":
        (effect.second ? this.second : this.socket)?.send(effect.text);
        break;
      case "say":
        this.say(effect.text);
        break;
      case "play":
        for (const frame of effect.frames) this.say(frame);
        break;
      case "close":
        this.drop();
        break;
      case "switch":
        this.change();
        break;
      case "close_second":
        this.dropSecond();
        break;
      case "wait":
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.enter(), this.between(effect));
        break;
      case "wait_to_move":
        clearTimeout(this.moveTimer);
        this.moveTimer = setTimeout(() => this.feed({ is: "move" }), this.between(effect));
        break;
      case "show_event":
        this.eventListeners.forEach((listener) => listener(effect.event));
        break;
      case "show_refusal":
        this.refusalListeners.forEach((listener) => listener(effect));
        break;
    }
  }

  private async fetchTicket(): Promise<void> {
    try {
      const { ticket } = await this.outside.getTicket(this.room, this.role, this.name());
      this.feed({ is: "ticket", ticket });
    } catch (error) {
      this.feed({ is: "no_ticket", problem: problemOf(error) });
    }
  }

  private between({ fromMs, toMs }: { fromMs: number; toMs: number }): number {
    return fromMs + this.outside.chance() * (toMs - fromMs);
  }

  private connect(ticket: string, second: boolean): void {
    if (second) this.dropSecond();
    else this.drop();
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = this.outside.connect(`${scheme}://${location.host}/rooms/${this.room}/socket`);
    if (second) {
      this.second = socket;
      this.moveTimer = setTimeout(() => this.feed({ is: "closed", code: 1006, second }), WELCOME_DEADLINE_MS);
    } else {
      this.socket = socket;
      this.heardAt = this.quietSince = Date.now();
    }
    const isSecond = () => this.second === socket; // until it takes the place of the first
    socket.onopen = () => this.feed({ is: "opened", ticket, second: isSecond() });
    socket.onmessage = (message) => this.heard(message.data, isSecond());
    socket.onclose = ({ code }) => {
      const wasSecond = isSecond();
      if (wasSecond) this.second = null;
      else this.socket = null;
      this.feed({ is: "closed", code, second: wasSecond });
    };
  }

  private heard(data: unknown, second: boolean): void {
    if (typeof data !== "string") return;
    if (!second) this.heardAt = Date.now();
    const message = JSON.parse(data) as ServerMessage;
    if (message.type === "event") this.skewMs = Math.min(this.skewMs ?? Infinity, Date.now() - message.at);
    this.feed({ is: "message", message, second });
  }

  /** When it is this much in the room's time, on this device's clock. */
  roomTime(ms: number): number {
    return (this.now.room?.opened_at ?? 0) + ms + (this.skewMs ?? 0);
  }

  /** The second socket takes the place of the first. */
  private change(): void {
    clearTimeout(this.moveTimer);
    const next = this.second;
    this.second = null;
    this.drop();
    this.socket = next;
    this.heardAt = this.quietSince = Date.now();
  }

  private say(data: string | Uint8Array<ArrayBuffer>): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(data);
  }

  /** Lets go of the socket; what it may still say is not listened to. */
  private drop(): void {
    const socket = this.socket;
    this.socket = null;
    letGo(socket);
  }

  private dropSecond(): void {
    clearTimeout(this.moveTimer);
    const socket = this.second;
    this.second = null;
    letGo(socket);
  }

  /** What only a clock can tell: that a network vanished without a word, that a second has passed. */
  private look(): void {
    const now = Date.now();
    const { stage } = this.now;
    if (stage !== "live") this.liveSince = now;
    else if (now - this.liveSince > STEADY_AFTER_MS) this.feed({ is: "steady" });
    if (now - this.tickedAt >= SECOND_MS) {
      this.tickedAt = now;
      this.feed({ is: "tick" });
    }
    if (stage === "live" && this.now.spoken >= MARKS_SINCE ? this.isDeaf(now) : this.isUnanswered(now))
      this.feed({ is: "stalled" });
  }

  /** Whether nobody answers a ping any more. Timers that slept ask first: what came meanwhile has been heard by then. */
  private isDeaf(now: number): boolean {
    if (this.askedAt <= this.heardAt) {
      if (now - this.heardAt >= PING_AFTER_MS) {
        this.askedAt = now;
        this.say(JSON.stringify({ type: "ping" }));
      }
      return false;
    }
    return now - this.askedAt >= PONG_DEADLINE_MS;
  }

  /** Whether something that must be answered was not, for long. */
  private isUnanswered(now: number): boolean {
    const { stage, microphone } = this.now;
    const sentVoice = microphone !== null && microphone.unsent > microphone.first;
    const waiting = stage === "greeting" || (stage === "live" && (pending(this.now).length > 0 || sentVoice));
    if (!waiting) this.quietSince = now;
    const silence = now - Math.max(this.quietSince, this.heardAt);
    return silence > (stage === "greeting" ? WELCOME_DEADLINE_MS : ANSWER_DEADLINE_MS);
  }

  private keep(before: Outbox, next: Outbox): void {
    if (before.wishes === next.wishes) return;
    const known = new Set(before.wishes.map(({ id }) => id));
    const kept = new Set(next.wishes.map(({ id }) => id));
    for (const { id, command, by } of next.wishes) if (!known.has(id)) this.shelf.put({ id, command, by });
    for (const id of known) if (!kept.has(id)) this.shelf.gone(id);
  }
}

function letGo(socket: WebSocket | null): void {
  if (!socket) return;
  socket.onopen = socket.onmessage = socket.onclose = null;
  socket.close();
}

/** What an earlier page put, without the audio that went with it. */
function withoutVoice(wish: Laid): Laid {
  const { command } = wish;
  return command.kind === "finish_answer" ? { ...wish, command: { ...command, stream: null, through: null } } : wish;
}

/**
 * A room's connection in the real world: carries out the effects of `connection.step` with sockets, clocks and chance.
 *
 * Decides nothing about the room. Its outbox outlives a reload of the page, in the tab's session storage.
 */
import { getTicket, problemOf } from "../api";
import type { Command, Event, Refused, Role, ServerMessage } from "../protocol";
import { AT_REST, hello, step, type Connection, type Effect, type Input, type Outgoing } from "./connection";

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
const ANSWER_DEADLINE_MS = 8_000;
const WATCH_EVERY_MS = 2_000;

export const BROWSER: Outside = {
  getTicket,
  connect: (address) => new WebSocket(address),
  chance: Math.random,
  // Not randomUUID: browsers have that only on secure pages, and a typed interview needs none.
  newId: () => Array.from(crypto.getRandomValues(new Uint32Array(3)), (part) => part.toString(36)).join("-"),
  get storage() {
    return sessionStorage;
  },
};

export class Session {
  private now: Connection;
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private watch: ReturnType<typeof setInterval> | undefined;
  private heardAt = 0;
  private quietSince = 0;
  private readonly watchers = new Set<() => void>();
  private readonly eventListeners = new Set<(event: Event) => void>();
  private readonly refusalListeners = new Set<(refusing: Refusing) => void>();

  constructor(
    readonly room: string,
    readonly role: Role,
    private readonly name: () => string | null,
    private readonly outside: Outside = BROWSER,
  ) {
    this.now = { ...AT_REST, outbox: this.kept() };
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
    this.drop();
    this.now = { ...this.now, stage: "resting" };
  }

  /** Comes in anew, as for another name. Nothing kept here is lost. */
  enterAnew(): void {
    this.leave();
    this.enter();
  }

  wish(command: Command): void {
    this.feed({ is: "wish", id: this.outside.newId(), command });
  }

  openMicrophone(): void {
    this.feed({ is: "microphone", stream: `mic-${this.outside.newId()}`, id: this.outside.newId() });
  }

  frame(pcm: Int16Array, captureMs: number): void {
    this.feed({ is: "frame", pcm, captureMs });
  }

  /** Told to the room, not kept: lost without harm when there is no connection. */
  typing(turn: number): void {
    if (this.now.stage === "live") this.say(JSON.stringify({ type: "typing", turn }));
  }

  private feed(input: Input): void {
    const before = this.now;
    const [next, effects] = step(before, input);
    this.now = next;
    if (next.outbox !== before.outbox) this.keep(next.outbox);
    for (const effect of effects) this.carryOut(effect);
    if (next !== before) this.watchers.forEach((watcher) => watcher());
  }

  private carryOut(effect: Effect): void {
    switch (effect.do) {
      case "get_ticket":
        void this.fetchTicket();
        break;
      case "connect":
        this.connect(effect.ticket);
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
      case "wait":
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.enter(), effect.ms * (0.5 + 0.5 * this.outside.chance()));
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

  private connect(ticket: string): void {
    this.drop();
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = this.outside.connect(`${scheme}://${location.host}/rooms/${this.room}/socket`);
    this.socket = socket;
    this.heardAt = this.quietSince = Date.now();
    socket.onopen = () => socket.send(hello(this.now, ticket));
    socket.onmessage = (message) => this.heard(message.data);
    socket.onclose = ({ code }) => {
      this.socket = null;
      this.feed({ is: "closed", code });
    };
  }

  private heard(data: unknown): void {
    if (typeof data !== "string") return;
    this.heardAt = Date.now();
    this.feed({ is: "message", message: JSON.parse(data) as ServerMessage });
  }

  private say(data: string | Uint8Array<ArrayBuffer>): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(data);
  }

  /** Lets go of the socket; what it may still say is not listened to. */
  private drop(): void {
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  /** A network can vanish without a word: then answers stay out, and only a clock can tell. */
  private look(): void {
    const { stage, outbox, microphone } = this.now;
    const sentVoice = microphone !== null && microphone.unsent > microphone.first;
    const waiting = stage === "greeting" || (stage === "live" && (outbox.length > 0 || sentVoice));
    if (!waiting) this.quietSince = Date.now();
    const silence = Date.now() - Math.max(this.quietSince, this.heardAt);
    if (silence > (stage === "greeting" ? WELCOME_DEADLINE_MS : ANSWER_DEADLINE_MS)) this.feed({ is: "stalled" });
  }

  // --- the outbox over a reload -------------------------------------------------------------------------------

  private get shelf(): string {
    return `greenroom.outbox.${this.room}.${this.role}`;
  }

  private keep(outbox: readonly Outgoing[]): void {
    if (outbox.length) this.outside.storage.setItem(this.shelf, JSON.stringify(outbox));
    else this.outside.storage.removeItem(this.shelf);
  }

  private kept(): Outgoing[] {
    const outbox = JSON.parse(this.outside.storage.getItem(this.shelf) ?? "[]") as Outgoing[];
    return outbox
      .filter(({ command }) => command.kind !== "open_microphone") // its frames went with the old page
      .map(({ id, command }) => ({
        id,
        command: command.kind === "finish_answer" ? { ...command, stream: null, through: null } : command,
      }));
  }
}

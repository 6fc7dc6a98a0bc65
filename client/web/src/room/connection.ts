/**
 * The page's side of a room's socket as one pure step: (connection, input) -> connection and effects.
 *
 * Decides when to connect, what to send again and when to stop; never touches a socket, a clock or chance (`session`).
 * What a person wished stays in the outbox until the server answers it, over any number of connections.
 */
import type { Command, Cursor, Event, Goodbye, Participant, Refused, Room, ServerMessage, Welcome } from "../protocol";
import { CLOSE, MAY_RETURN, PROTOCOL_VERSION } from "../protocol";
import { forget, isTorn, push, rewind, ring, takeUnsent, type Ring } from "./audio";
import { after } from "./mirror";
import { hear, NOTHING_TOLD, settle, type Told } from "./told";

export type Stage = "resting" | "entering" | "greeting" | "live" | "waiting" | "over";

export interface Outgoing {
  readonly id: string;
  readonly command: Command;
}

/** Why a connection is over, or what went wrong, in words for a person. */
export interface Problem {
  readonly code: string;
  readonly sentence: string;
  readonly retry: boolean;
}

export interface Connection {
  readonly stage: Stage;
  /** Failures in a row; 0 once live. */
  readonly attempt: number;
  readonly you: Participant | null;
  readonly room: Room | null;
  readonly cursor: Cursor | null;
  readonly told: Told;
  readonly outbox: readonly Outgoing[];
  readonly microphone: Ring | null;
  /** Set when audio was lost because an outage outlasted what is kept. */
  readonly lostVoice: boolean;
  /** The turn that the candidate said to be done with: nothing heard from then on belongs to it. */
  readonly doneWith: number | null;
  /** How often the open question was asked to be repeated. */
  readonly repeats: number;
  readonly problem: Problem | null;
}

export const AT_REST: Connection = {
  stage: "resting",
  attempt: 0,
  you: null,
  room: null,
  cursor: null,
  told: NOTHING_TOLD,
  outbox: [],
  microphone: null,
  lostVoice: false,
  doneWith: null,
  repeats: 0,
  problem: null,
};

export type Input =
  | { is: "enter" }
  | { is: "ticket"; ticket: string }
  | { is: "no_ticket"; problem: Problem }
  | { is: "message"; message: ServerMessage }
  | { is: "closed"; code: number }
  | { is: "wish"; id: string; command: Command }
  | { is: "microphone"; stream: string; id: string }
  | { is: "frame"; pcm: Int16Array; captureMs: number }
  | { is: "stalled" };

export type Effect =
  | { do: "get_ticket" }
  | { do: "connect"; ticket: string }
  | { do: "say"; text: string }
  | { do: "play"; frames: readonly Uint8Array<ArrayBuffer>[] }
  | { do: "close" }
  | { do: "wait"; ms: number }
  | { do: "show_refusal"; refused: Refused; command: Command | null }
  | { do: "show_event"; event: Event };

type Step = [Connection, Effect[]];

export const FIRST_WAIT_MS = 200;
export const LONGEST_WAIT_MS = 5_000;
/** Codes that a fresh ticket may mend; tried this often before the person is told. */
const MENDED_BY_TICKET: ReadonlySet<number> = new Set([CLOSE.TICKET_INVALID, CLOSE.HELLO_EXPECTED]);
const TICKET_TRIES = 3;

export function step(now: Connection, input: Input): Step {
  switch (input.is) {
    case "enter":
      return now.stage === "resting" || now.stage === "waiting" || now.stage === "over"
        ? [
            { ...now, stage: "entering", problem: null, attempt: now.stage === "over" ? 0 : now.attempt },
            [{ do: "get_ticket" }],
          ]
        : [now, []];
    case "ticket":
      return now.stage === "entering"
        ? [{ ...now, stage: "greeting" }, [{ do: "connect", ticket: input.ticket }]]
        : [now, []];
    case "no_ticket":
      return now.stage === "entering" ? noTicket(now, input.problem) : [now, []];
    case "message":
      return received(now, input.message);
    case "closed":
      return closed(now, input.code);
    case "wish":
      return wished(now, { id: input.id, command: input.command });
    case "microphone":
      return opened(now, input.stream, input.id);
    case "frame":
      return now.microphone
        ? flowing({ ...now, microphone: push(now.microphone, input.pcm, input.captureMs) })
        : [now, []];
    case "stalled":
      return now.stage === "live" || now.stage === "greeting" ? backOff(now, [{ do: "close" }]) : [now, []];
  }
}

/** The first words on a new socket. */
export function hello(now: Connection, ticket: string): string {
  const greeting = { type: "hello", protocol: PROTOCOL_VERSION, ticket, resume: now.cursor, client: "greenroom-web" };
  return JSON.stringify(greeting);
}

// --- coming and going -----------------------------------------------------------------------------------------

/** How long to wait before the next try, at most; the shell shortens it by chance so that not all come at once. */
export function waitMs(attempt: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempt, 10));
}

function backOff(now: Connection, before: Effect[] = []): Step {
  const told = { ...now.told, speaking: false };
  return [
    { ...now, stage: "waiting", attempt: now.attempt + 1, told },
    [...before, { do: "wait", ms: waitMs(now.attempt) }],
  ];
}

function over(now: Connection, problem: Problem, before: Effect[] = []): Step {
  return [{ ...now, stage: "over", problem }, before];
}

function noTicket(now: Connection, problem: Problem): Step {
  return problem.retry ? backOff({ ...now, problem }) : over(now, problem);
}

function closed(now: Connection, code: number): Step {
  if (now.stage !== "live" && now.stage !== "greeting") return [now, []];
  const mends = MENDED_BY_TICKET.has(code) && now.attempt < TICKET_TRIES;
  if (mends || MAY_RETURN.has(code) || !isOurs(code)) return backOff(now);
  return over(now, now.problem ?? { code: `closed_${code}`, sentence: sentenceOf(code), retry: false });
}

function isOurs(code: number): boolean {
  return Object.values<number>(CLOSE).includes(code);
}

function sentenceOf(code: number): string {
  if (code === CLOSE.PROTOCOL_UNKNOWN) return "This page is older or newer than the server. Load it again.";
  if (code === CLOSE.TAKEN_OVER) return "You joined from another device, so this one is done.";
  if (code === CLOSE.TOO_MUCH) return "This page sent more than the server takes. Wait a moment, then connect again.";
  return "The server ended this connection. Load the page again.";
}

// --- what the server says -------------------------------------------------------------------------------------

function received(now: Connection, message: ServerMessage): Step {
  switch (message.type) {
    case "welcome":
      return welcomed(now, message);
    case "event":
      return happened(now, message.version, message.after, message.tag, message.event);
    case "telling":
      return [{ ...now, told: hear(now.told, message.what) }, []];
    case "accepted":
      return [{ ...now, outbox: now.outbox.filter((entry) => entry.id !== message.id) }, []];
    case "refused":
      return refused(now, message);
    case "durable":
    case "pong":
      return [now, []];
    case "audio_safe":
      return safe(now, message.stream, message.through, message.again);
    case "moving":
      return [{ ...now, stage: "waiting" }, [{ do: "close" }, { do: "wait", ms: message.within_ms }]];
    case "goodbye":
      return [{ ...now, problem: problemOf(message) }, []];
  }
}

function problemOf({ code, sentence, retry }: Goodbye): Problem {
  return { code, sentence, retry };
}

function welcomed(now: Connection, message: Welcome): Step {
  const resumed = message.resumed !== null;
  const told = message.told.reduce((so_far, telling) => hear(so_far, telling.what), {
    ...NOTHING_TOLD,
    typing: now.told.typing,
  });
  const here: Connection = {
    ...now,
    stage: "live",
    attempt: 0,
    problem: null,
    you: message.you,
    told,
    room: resumed ? now.room : message.room,
    cursor: resumed ? now.cursor : message.cursor,
  };
  const again: Effect[] = here.outbox.map((entry) => ({ do: "say", text: said(entry) }));
  const [flows, frames] = replayed(here, message.audio_through);
  return [flows, [...again, ...frames]];
}

function happened(now: Connection, version: number, behind: number, tag: string, event: Event): Step {
  if (now.stage !== "live" || !now.cursor) return [now, []];
  if (version <= now.cursor.version) return [now, []]; // known already
  if (behind > now.cursor.version) return backOff(now, [{ do: "close" }]); // something between was missed
  const next: Connection = {
    ...now,
    room: after(now.room, event),
    cursor: { ...now.cursor, version, tag },
    told: settle(now.told, event),
    repeats: event.kind === "question_asked" ? 0 : now.repeats + (event.kind === "question_repeated" ? 1 : 0),
  };
  const [flows, frames] = event.kind === "microphone_opened" ? flowing(next) : [next, []];
  return [flows, [...frames, { do: "show_event", event }]];
}

function refused(now: Connection, message: Refused): Step {
  const entry = now.outbox.find((one) => one.id === message.id);
  const outbox = now.outbox.filter((one) => one !== entry);
  const doneWith = entry && endsTurn(entry.command) ? null : now.doneWith;
  return [{ ...now, outbox, doneWith }, [{ do: "show_refusal", refused: message, command: entry?.command ?? null }]];
}

// --- what the person wishes -----------------------------------------------------------------------------------

function said({ id, command }: Outgoing): string {
  return JSON.stringify({ type: "do", id, command });
}

function wished(now: Connection, entry: Outgoing): Step {
  const outbox = [...now.outbox, entry];
  const doneWith = endsTurn(entry.command) ? entry.command.turn : now.doneWith;
  return [{ ...now, outbox, doneWith }, now.stage === "live" ? [{ do: "say", text: said(entry) }] : []];
}

function endsTurn(command: Command): command is Extract<Command, { kind: "finish_answer" | "skip_question" }> {
  return command.kind === "finish_answer" || command.kind === "skip_question";
}

// --- the voice ------------------------------------------------------------------------------------------------

function opened(now: Connection, stream: string, id: string): Step {
  // An announcement of an older stream that was never answered is stale: only one microphone can be open.
  const outbox = now.outbox.filter((entry) => entry.command.kind !== "open_microphone");
  return wished(
    { ...now, outbox, microphone: ring(stream) },
    { id, command: { kind: "open_microphone", stream, sample_rate: 16_000 } },
  );
}

/** Sends what the window allows, once the room knows this stream. */
function flowing(now: Connection): Step {
  if (!now.microphone || now.stage !== "live" || now.room?.microphone?.stream !== now.microphone.stream)
    return [now, []];
  const [microphone, frames] = takeUnsent(now.microphone);
  return frames.length ? [{ ...now, microphone }, [{ do: "play", frames }]] : [now, []];
}

/** On a new connection: everything behind what is safe goes out again. */
function replayed(now: Connection, through: number | null): Step {
  if (!now.microphone) return [now, []];
  if (now.room?.microphone?.stream !== now.microphone.stream) {
    return [{ ...now, microphone: rewind(now.microphone, null) }, []];
  }
  return isTorn(now.microphone, through)
    ? [{ ...now, microphone: null, lostVoice: true }, []]
    : flowing({ ...now, microphone: rewind(now.microphone, through) });
}

function safe(now: Connection, stream: string, through: number | null, again: boolean): Step {
  if (now.microphone?.stream !== stream) return [now, []];
  const microphone = again ? rewind(now.microphone, through) : forget(now.microphone, through);
  return flowing({ ...now, microphone });
}

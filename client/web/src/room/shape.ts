/**
 * What a page knows of its room and of the way there, what can come in, and what is to be done: `connection` decides how.
 */
import type { Command, Cursor, Encoding, Event, Participant, Refused, Room, ServerMessage } from "../protocol";
import { PROTOCOL_VERSION } from "../protocol";
import type { Ring, Sound } from "./audio";
import type { Wish } from "./meant";
import { EMPTY, type Outbox } from "./outbox";
import { UNTOLD, type Story } from "./story";
import { NOTHING_TOLD, type Told } from "./told";

export type Stage = "resting" | "entering" | "greeting" | "live" | "waiting" | "over";
/** A second socket, on its way to take the place of the one in use: `greeting` from its hello on. */
export type Second = "resting" | "entering" | "opening" | "greeting";

/** Why a connection is over, or what went wrong, in words for a person. */
export interface Problem {
  readonly code: string;
  readonly sentence: string;
  readonly retry: boolean;
}

export interface Connection {
  readonly stage: Stage;
  readonly second: Second | null;
  /** Failures in a row; 0 once live for a while. */
  readonly attempt: number;
  /** Says hello once in place of a new ticket. */
  readonly returnTicket: string | null;
  /** The last hello named one. */
  readonly returning: boolean;
  /** How long after being cut off this page comes back, and a moment: its place in the line. */
  readonly returnAfterMs: number;
  readonly you: Participant | null;
  readonly room: Room | null;
  readonly story: Story;
  /** The cursor that the last hello named. */
  readonly asked: Cursor | null;
  /** The log is not the one that is known: the room is asked for whole. */
  readonly afresh: boolean;
  /** The version of the protocol that the next hello names, and the one that is spoken. */
  readonly speaks: number;
  readonly spoken: number;
  readonly told: Told;
  readonly outbox: Outbox;
  /** What keeps wishes from being decided right now: Redis is away, say. They are put again, once each. */
  readonly hindrance: string | null;
  readonly microphone: Ring | null;
  /** The server could not decode this microphone: another one has to be opened. */
  readonly undecodable: boolean;
  /** Set when audio was lost because an outage outlasted what is kept. */
  readonly lostVoice: boolean;
  /** The turn that the candidate said to be done with: nothing heard from then on belongs to it. */
  readonly doneWith: number | null;
  /** How often the open question was asked to be repeated. */
  readonly repeats: number;
  /** How often another worker took over without a pause. */
  readonly moves: number;
  /** How often the room was sent whole because its log had begun a new life or gone another way. */
  readonly resets: number;
  readonly problem: Problem | null;
}

export const AT_REST: Connection = {
  stage: "resting",
  second: null,
  attempt: 0,
  returnTicket: null,
  returning: false,
  returnAfterMs: 0,
  you: null,
  room: null,
  story: UNTOLD,
  asked: null,
  afresh: false,
  speaks: PROTOCOL_VERSION,
  spoken: PROTOCOL_VERSION,
  told: NOTHING_TOLD,
  outbox: EMPTY,
  hindrance: null,
  microphone: null,
  undecodable: false,
  lostVoice: false,
  doneWith: null,
  repeats: 0,
  moves: 0,
  resets: 0,
  problem: null,
};

export type Input =
  | { is: "enter" }
  | { is: "ticket"; ticket: string }
  | { is: "no_ticket"; problem: Problem }
  | { is: "opened"; ticket: string; second?: boolean }
  | { is: "message"; message: ServerMessage; second?: boolean }
  | { is: "closed"; code: number; second?: boolean }
  /** The time has come to open the second socket. */
  | { is: "move" }
  | { is: "wish"; id: string; command: Wish }
  | { is: "microphone"; stream: string; id: string; encoding: Encoding }
  | { is: "frame"; data: Sound; captureMs: number; rested: boolean }
  /** The page lets go of the room for now. */
  | { is: "left" }
  /** A second has passed. */
  | { is: "tick" }
  /** The connection has held for a while. */
  | { is: "steady" }
  | { is: "stalled" };

export type Effect =
  | { do: "get_ticket" }
  | { do: "connect"; ticket: string; second: boolean }
  | { do: "greet"; text: string; second: boolean }
  | { do: "say"; text: string }
  | { do: "play"; frames: readonly Uint8Array<ArrayBuffer>[] }
  | { do: "close" }
  /** The second socket is the one in use from now on; the first is let go. */
  | { do: "switch" }
  | { do: "close_second" }
  /** Enter again after a while, somewhere between these. */
  | { do: "wait"; fromMs: number; toMs: number }
  /** The same for `move`. */
  | { do: "wait_to_move"; fromMs: number; toMs: number }
  | { do: "show_refusal"; refused: Refused; command: Command | null }
  | { do: "show_event"; event: Event };

/**
 * The page's side of a room's socket as one pure step: (connection, input) -> connection and effects.
 *
 * Decides when to connect, what to send again and when to stop; never touches a socket, a clock or chance (`session`).
 * What a person wished is kept until it is refused, or durable, over any number of connections (`outbox`).
 */
import type { Command, Event, Goodbye, Refused, ServerMessage, Welcome } from "../protocol";
import { CLOSE, MAY_RETURN, PROTOCOL_VERSION } from "../protocol";
import { FRAME_MS, PIECE_MS, push, ring } from "./audio";
import { MEANT_SINCE, meant, withoutQuestion, type Wish } from "./meant";
import * as boxes from "./outbox";
import type { Outgoing } from "./outbox";
import type { Connection, Effect, Input, Problem } from "./shape";
import { happened, isLost, welcomed } from "./story";
import { flowing, isStale, opening, reopened, replayed, safe, unheard } from "./stream";
import { hear, NOTHING_TOLD, overtaken, settle } from "./told";

export { AT_REST } from "./shape";
export type { Connection, Effect, Input, Problem, Stage } from "./shape";

type Step = [Connection, Effect[]];

/** The first return comes within this: whoever was on a worker that died is elsewhere within a second. */
export const FIRST_WAIT_MS = 300;
export const SHORTEST_WAIT_MS = 200;
export const LONGEST_WAIT_MS = 5_000;
/** Of the time in which to move: the second socket is asked for within this share, and the rest is for opening. */
const MOVE_SHARE = 0.6;
const MOVE_AGAIN_MS = 250;
/** Versions of the protocol before this one say nothing of what is durable, and know no ping. */
export const MARKS_SINCE = 2;
/** The connection ended without a word from the server: perhaps everybody on it lost theirs. */
const CUT_OFF = 1006;
/** Codes that a fresh ticket may mend; tried this often before the person is told. */
const MENDED_BY_TICKET: ReadonlySet<number> = new Set([CLOSE.TICKET_INVALID, CLOSE.HELLO_EXPECTED]);
const TICKET_TRIES = 3;
/** Refusals that are a fault's, not a rule's: the wish may even have been done, and is put again with its id. */
export const UNDECIDED: ReadonlySet<string> = new Set(["redis_away", "redis_full", "internal"]);

export function step(now: Connection, input: Input): Step {
  switch (input.is) {
    case "enter":
      return now.stage === "resting" || now.stage === "waiting" || now.stage === "over" ? enters(now) : [now, []];
    case "ticket":
      if (now.second === "entering")
        return [{ ...now, second: "opening" }, [{ do: "connect", ticket: input.ticket, second: true }]];
      return now.stage === "entering"
        ? [{ ...now, stage: "greeting" }, [{ do: "connect", ticket: input.ticket, second: false }]]
        : [now, []];
    case "no_ticket":
      if (now.second === "entering") return secondFailed(now);
      return now.stage === "entering" ? noTicket(now, input.problem) : [now, []];
    case "opened":
      return greeted(now, input.ticket, input.second ?? false);
    case "message":
      return input.second ? heardOnSecond(now, input.message) : received(now, input.message);
    case "closed":
      return input.second ? secondFailed(now) : closed(now, input.code);
    case "move":
      return now.second === "resting" && now.stage === "live"
        ? sends({ ...now, second: now.returnTicket === null ? "entering" : "opening" }, true)
        : [now, []];
    case "wish":
      return wished(now, input.id, input.command);
    case "microphone":
      return opened(now, input);
    case "frame":
      return now.microphone
        ? flowing({ ...now, microphone: push(now.microphone, input.data, input.captureMs, input.rested) })
        : [now, []];
    case "tick":
      return now.stage === "live" ? saying({ ...now, outbox: boxes.released(now.outbox) }) : [now, []];
    case "steady":
      return [now.attempt ? { ...now, attempt: 0 } : now, []];
    case "left":
      return [{ ...parted(now), stage: "resting", second: null, returnTicket: null }, []];
    case "stalled":
      return now.stage === "live" || now.stage === "greeting" ? backOff(now, [{ do: "close" }]) : [now, []];
  }
}

/** What this person would be told of on a new connection. */
export function pending(now: Connection): readonly Outgoing[] {
  return boxes.pending(now.outbox);
}

// --- coming and going -----------------------------------------------------------------------------------------

function enters(now: Connection): Step {
  const stage = now.returnTicket === null ? "entering" : "greeting";
  return sends({ ...now, stage, problem: null, attempt: now.stage === "over" ? 0 : now.attempt }, false);
}

/** With the return ticket where there is one, else for a new ticket. */
function sends(now: Connection, second: boolean): Step {
  const ticket = now.returnTicket;
  return [now, [ticket === null ? { do: "get_ticket" } : { do: "connect", ticket, second }]];
}

function greeted(now: Connection, ticket: string, second: boolean): Step {
  const asked = now.afresh ? null : now.story.cursor;
  const greeting = { type: "hello", protocol: now.speaks, ticket, resume: asked, client: "greenroom-web" };
  const text = JSON.stringify(greeting);
  const returning = ticket === now.returnTicket;
  const next: Connection = { ...now, asked, returning, returnTicket: null, second: second ? "greeting" : now.second };
  return [next, [{ do: "greet", text, second }]];
}

/** Between which times the next try lies: all that lost one worker must not come back in step. */
export function waitMs(attempt: number): { fromMs: number; toMs: number } {
  if (attempt === 0) return { fromMs: 0, toMs: FIRST_WAIT_MS };
  return { fromMs: SHORTEST_WAIT_MS, toMs: Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempt, 10)) };
}

/** The socket in use is gone: nothing is said on it any more. */
function parted(now: Connection): Connection {
  return { ...now, outbox: boxes.unsent(now.outbox), told: { ...now.told, speaking: false } };
}

function backOff(now: Connection, before: Effect[] = [], afterMs = 0): Step {
  const second: Effect[] = now.second ? [{ do: "close_second" }] : [];
  const { fromMs, toMs } = waitMs(now.attempt);
  return [
    { ...parted(now), stage: "waiting", second: null, attempt: now.attempt + 1 },
    [...before, ...second, { do: "wait", fromMs: afterMs + fromMs, toMs: afterMs + toMs }],
  ];
}

function over(now: Connection, problem: Problem): Step {
  const second: Effect[] = now.second ? [{ do: "close_second" }] : [];
  return [{ ...parted(now), stage: "over", second: null, problem }, second];
}

function noTicket(now: Connection, problem: Problem): Step {
  return problem.retry ? backOff({ ...now, problem }) : over(now, problem);
}

function closed(now: Connection, code: number): Step {
  if (now.stage !== "live" && now.stage !== "greeting") return [now, []];
  // The second socket is what ended the first, perhaps: a candidate has one seat.
  if (now.second === "greeting") return [{ ...parted(now), stage: "greeting" }, []];
  if (code === CLOSE.PROTOCOL_UNKNOWN && now.speaks === PROTOCOL_VERSION)
    return backOff({ ...now, speaks: PROTOCOL_VERSION - 1, problem: null }); // a worker of the release before
  if (code === CLOSE.TICKET_INVALID && now.returning)
    return sends({ ...parted(now), stage: "entering", returning: false, problem: null }, false); // it came too late
  const anew = { ...now, speaks: PROTOCOL_VERSION, afresh: now.afresh || code === CLOSE.LOST_TRACK };
  const mends = MENDED_BY_TICKET.has(code) && now.attempt < TICKET_TRIES;
  const cutOff = code === CUT_OFF && now.stage === "live";
  if (mends || MAY_RETURN.has(code) || !isOurs(code)) return backOff(anew, [], cutOff ? now.returnAfterMs : 0);
  return over(anew, now.problem ?? { code: `closed_${code}`, sentence: sentenceOf(code), retry: false });
}

function isOurs(code: number): boolean {
  return Object.values<number>(CLOSE).includes(code);
}

function sentenceOf(code: number): string {
  if (code === CLOSE.PROTOCOL_UNKNOWN) return "This page is older or newer than the server. Load it again.";
  if (code === CLOSE.TAKEN_OVER) return "You joined from another device, so this one is done.";
  if (code === CLOSE.SIGNED_OUT) return "You are signed out of this room. Sign in again, or ask for a new invitation.";
  if (code === CLOSE.TOO_MUCH) return "This page sent more than the server takes. Wait a moment, then connect again.";
  return "The server ended this connection. Load the page again.";
}

// --- a second socket that takes the place of the first --------------------------------------------------------

function heardOnSecond(now: Connection, message: ServerMessage): Step {
  if (now.second !== "greeting" || message.type !== "welcome") return [now, []]; // a goodbye: its close follows
  const [next, effects] = welcomedBy({ ...parted(now), second: null, moves: now.moves + 1 }, message);
  return [next, [{ do: "switch" }, ...effects]];
}

function secondFailed(now: Connection): Step {
  if (now.second === null) return [now, []];
  if (now.stage !== "live") return backOff({ ...now, second: null }); // nor is there a first one any more
  const soon: Effect = { do: "wait_to_move", fromMs: MOVE_AGAIN_MS, toMs: MOVE_AGAIN_MS };
  return [{ ...now, second: "resting" }, [{ do: "close_second" }, soon]];
}

// --- what the server says -------------------------------------------------------------------------------------

function received(now: Connection, message: ServerMessage): Step {
  switch (message.type) {
    case "welcome":
      return welcomedBy(now, message);
    case "event":
      return now.stage === "live" ? told(now, message.event, happened(now.story, message)) : [now, []];
    case "telling":
      return overtaken(message.what, now.room) ? [now, []] : [{ ...now, told: hear(now.told, message.what) }, []];
    case "accepted":
      return [{ ...now, hindrance: null, outbox: boxes.accepted(now.outbox, message.id, message.version) }, []];
    case "refused":
      return refused(now, message);
    case "durable":
      return [{ ...now, outbox: boxes.marked(now.outbox, message.version) }, []];
    case "audio_safe":
      return safe(now, message.stream, message.through, message.again);
    case "pong":
      return [now, []];
    case "moving":
      return now.second === null && now.stage === "live"
        ? [{ ...now, second: "resting" }, [{ do: "wait_to_move", fromMs: 0, toMs: message.within_ms * MOVE_SHARE }]]
        : [now, []];
    case "goodbye":
      return [{ ...now, problem: problemOf(message) }, []];
  }
}

function problemOf({ code, sentence, retry }: Goodbye): Problem {
  return { code, sentence, retry };
}

function welcomedBy(now: Connection, message: Welcome): Step {
  const story = welcomed(now.story, message, now.asked);
  if (isLost(story)) return backOff({ ...now, afresh: story.lost === "afresh" }, [{ do: "close" }]);
  const whole = message.room !== null;
  const lately = message.told
    .filter(({ what }) => !overtaken(what, story.room))
    .reduce((so_far, { what }) => hear(so_far, what), { ...NOTHING_TOLD, typing: now.told.typing });
  // Wishes of an earlier page are said by whoever made them, or by nobody.
  const mine = now.outbox.wishes.filter((wish) => wish.by === null || wish.by === message.you.id);
  const box = { ...now.outbox, wishes: mine };
  const here: Connection = {
    ...now,
    stage: "live",
    afresh: false,
    spoken: message.protocol,
    problem: null,
    hindrance: null,
    returnTicket: message.return_ticket ?? null, // a server of the release before gives none
    returnAfterMs: message.return_ticket ? message.return_after_ms : 0,
    you: message.you,
    told: lately,
    room: story.room,
    story,
    resets: now.resets + (message.reset === "epoch" || message.reset === "fork" ? 1 : 0),
    outbox: boxes.marked(
      whole ? boxes.offeredAgain(box) : box,
      message.protocol >= MARKS_SINCE ? message.durable : boxes.EVERYTHING,
    ),
  };
  const [flows, frames] = replayed(whole ? reopened(here) : here, message.audio_through);
  const [settled, words] = saying(flows);
  return [settled, [...words, ...frames]];
}

function told(now: Connection, event: Event, story: ReturnType<typeof happened>): Step {
  if (isLost(story)) return backOff({ ...now, afresh: story.lost === "afresh" }, [{ do: "close" }]);
  if (story.room === now.story.room) return [{ ...now, story }, []]; // known already
  const next: Connection = {
    ...now,
    room: story.room,
    story,
    told: settle(now.told, event),
    repeats: event.kind === "question_asked" ? 0 : now.repeats + (event.kind === "question_repeated" ? 1 : 0),
  };
  const [flows, frames] = event.kind === "microphone_opened" ? flowing(next) : [unheard(next, event), []];
  return [flows, [...frames, { do: "show_event", event }]];
}

function refused(now: Connection, message: Refused): Step {
  const entry = now.outbox.wishes.find((one) => one.id === message.id);
  if (entry && UNDECIDED.has(message.code))
    return [{ ...now, hindrance: message.sentence, outbox: boxes.hold(now.outbox, entry.id) }, []];
  if (entry && message.code === "not_in_room" && !entry.sentBack)
    return backOff({ ...now, outbox: boxes.change(now.outbox, entry.id, { sentBack: true }) }, [{ do: "close" }]);
  const later = entry?.again && message.retry ? boxes.waitingForTheRoom(now.outbox, entry) : null;
  if (later) return [{ ...now, outbox: later }, []];
  const outbox = entry ? boxes.without(now.outbox, entry.id) : now.outbox;
  const doneWith = entry && endsTurn(entry.command) ? null : now.doneWith;
  const undecodable = message.code === "sound_undecodable";
  const silenced = entry?.command.kind === "open_microphone" && entry.command.stream === now.microphone?.stream;
  const microphone = silenced || undecodable ? null : now.microphone;
  return [
    {
      ...now,
      outbox,
      doneWith,
      hindrance: entry ? null : now.hindrance,
      microphone,
      undecodable: undecodable || now.undecodable,
    },
    [{ do: "show_refusal", refused: message, command: entry?.command ?? null }],
  ];
}

// --- what the person wishes -----------------------------------------------------------------------------------

/** Says what is due, in order. */
function saying(now: Connection): Step {
  const [outbox, due] = boxes.takeDue(now.outbox);
  if (!due.length) return [outbox === now.outbox ? now : { ...now, outbox }, []];
  const effects = due.map(({ id, command }): Effect => ({
    do: "say",
    text: JSON.stringify({ type: "do", id, command: now.spoken >= MEANT_SINCE ? command : withoutQuestion(command) }),
  }));
  return [{ ...now, outbox }, effects];
}

function wished(now: Connection, id: string, wish: Wish): Step {
  const command = meant(wish, now.room);
  const outbox = boxes.put(now.outbox, id, command, now.you?.id ?? null);
  const doneWith = endsTurn(command) ? command.turn : now.doneWith;
  const next = { ...now, outbox, doneWith };
  return now.stage === "live" ? saying(next) : [next, []];
}

function endsTurn(command: Command): command is Extract<Command, { kind: "finish_answer" | "skip_question" }> {
  return command.kind === "finish_answer" || command.kind === "skip_question";
}

// --- the voice ------------------------------------------------------------------------------------------------

function opened(now: Connection, { stream, id, encoding }: Extract<Input, { is: "microphone" }>): Step {
  // An announcement of an older stream that was never answered is stale: only one microphone can be open.
  const outbox = { ...now.outbox, wishes: now.outbox.wishes.filter((entry) => !isStale(entry)) };
  const microphone = ring(stream, encoding === "pcm16" ? FRAME_MS : PIECE_MS);
  return wished({ ...now, outbox, microphone, undecodable: false }, id, opening(stream, encoding));
}

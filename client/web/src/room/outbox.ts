/**
 * What a person wished and what is not safe yet: from the moment it is put until it is durable.
 *
 * Decides which wishes are kept, in which order they go out, and which are offered again when the log began a new life:
 * the same as `client/outbox.py`, to which tests/laws/conversation_traces.json holds both.
 */
import type { Command } from "../protocol";

export interface Outgoing {
  readonly id: string;
  readonly command: Command;
  /** Who put it, where that is known: a page that somebody else left is not spoken for. */
  readonly by: string | null;
  /** Where it stands in the log, once it was accepted. */
  readonly version: number | null;
  readonly sent: boolean;
  /** The server had forgotten us when it came; it is tried once more on a new connection. */
  readonly sentBack: boolean;
  /** It is offered again: it was answered long ago, or put before this page was loaded. */
  readonly again: boolean;
  /** It waits for its time, and all that was put after it waits behind it. */
  readonly held: boolean;
  /** How often it was refused for now since it is offered again. */
  readonly notYet: number;
}

export interface Outbox {
  /** In the order in which they were put. */
  readonly wishes: readonly Outgoing[];
  /** How far the log is known to be in the database as well. */
  readonly mark: number;
  /** How many wishes became durable. */
  readonly durable: number;
  /** How many were accepted, and too many to be kept until they were durable. */
  readonly letGo: number;
}

export const EMPTY: Outbox = { wishes: [], mark: 0, durable: 0, letGo: 0 };
/** A server takes bursts of 60 messages and 20 a second, and closes the socket of whoever sends more. */
export const AT_ONCE = 40;
export const A_SECOND = 15;
/** Accepted wishes kept at most; while the database is away for longer, the oldest are let go. */
export const KEPT_LIMIT = 500;
/** How often, a second apart, something that was accepted once and is refused for now is offered again. */
export const NOT_YET_LIMIT = 10;
/** The durable mark of a server that does not know one: what is accepted is let go. */
export const EVERYTHING = Number.MAX_SAFE_INTEGER;

/** Wishes that an earlier page left, to be offered again. */
export function restored(wishes: readonly { id: string; command: Command; by: string | null }[]): Outbox {
  return unsent({
    ...EMPTY,
    wishes: wishes.map(({ id, command, by }) => ({ ...fresh(id, command, by), again: true })),
  });
}

export function put(box: Outbox, id: string, command: Command, by: string | null = null): Outbox {
  return { ...box, wishes: [...box.wishes.filter((wish) => wish.id !== id), fresh(id, command, by)] };
}

function fresh(id: string, command: Command, by: string | null): Outgoing {
  return { id, command, by, version: null, sent: false, sentBack: false, again: false, held: false, notYet: 0 };
}

/** What waits for its answer. */
export function pending(box: Outbox): readonly Outgoing[] {
  return box.wishes.filter((wish) => wish.version === null);
}

/** How many are in the log and not yet known to be in the database too. */
export function unsafe(box: Outbox): number {
  return box.wishes.length - pending(box).length;
}

// --- answers --------------------------------------------------------------------------------------------------

/** It is in the log. It is kept until it is durable. */
export function accepted(box: Outbox, id: string, version: number): Outbox {
  const answered = change(box, id, { version, again: false, held: false, notYet: 0 });
  const safe = marked(answered, answered.mark);
  const tooMany = unsafe(safe) - KEPT_LIMIT;
  if (tooMany <= 0) return safe;
  const oldest = new Set(safe.wishes.filter((wish) => wish.version !== null).slice(0, tooMany));
  return { ...safe, wishes: safe.wishes.filter((wish) => !oldest.has(wish)), letGo: safe.letGo + tooMany };
}

/** It is not kept any more: it was refused. */
export function without(box: Outbox, id: string): Outbox {
  return { ...box, wishes: box.wishes.filter((wish) => wish.id !== id) };
}

/** What was accepted up to this version is in the database as well. */
export function marked(box: Outbox, mark: number): Outbox {
  const wishes = box.wishes.filter((wish) => wish.version === null || wish.version > mark);
  return { ...box, mark, wishes, durable: box.durable + box.wishes.length - wishes.length };
}

// --- trouble --------------------------------------------------------------------------------------------------

/** The connection is another: what was not answered goes out again. */
export function unsent(box: Outbox): Outbox {
  let place = 0;
  const wishes = box.wishes.map((wish) =>
    wish.version === null ? { ...wish, sent: false, held: place++ >= AT_ONCE } : wish,
  );
  return { ...box, wishes };
}

/** The log is perhaps not the one in which things were accepted: all that is not durable is offered again, in order. */
export function offeredAgain(box: Outbox): Outbox {
  const wishes = box.wishes.map((wish) => (wish.version === null ? wish : { ...wish, version: null, again: true }));
  return unsent({ ...box, wishes });
}

/** What it needs was lost with it and is not back yet. Null: it has waited for long enough. */
export function waitingForTheRoom(box: Outbox, wish: Outgoing): Outbox | null {
  const notYet = wish.notYet + 1;
  return notYet > NOT_YET_LIMIT ? null : hold(change(box, wish.id, { notYet }), wish.id);
}

/** It was not decided: it is offered once more in a while, before what was put after it. */
export function hold(box: Outbox, id: string): Outbox {
  return change(box, id, { sent: false, held: true });
}

/** A second has passed: some of what was held is due. */
export function released(box: Outbox): Outbox {
  let left = A_SECOND;
  if (!box.wishes.some((wish) => wish.held)) return box;
  return { ...box, wishes: box.wishes.map((wish) => (wish.held && left-- > 0 ? { ...wish, held: false } : wish)) };
}

/** What is to be sent now, up to the first that has to wait for its time, and the outbox after it. */
export function takeDue(box: Outbox): [Outbox, readonly Outgoing[]] {
  const wall = box.wishes.findIndex((wish) => wish.held);
  const free = wall < 0 ? box.wishes : box.wishes.slice(0, wall);
  const due = free.filter((wish) => !wish.sent && wish.version === null);
  if (!due.length) return [box, due];
  const taken = new Set(due);
  return [{ ...box, wishes: box.wishes.map((wish) => (taken.has(wish) ? { ...wish, sent: true } : wish)) }, due];
}

export function change(box: Outbox, id: string, changes: Partial<Outgoing>): Outbox {
  return { ...box, wishes: box.wishes.map((wish) => (wish.id === id ? { ...wish, ...changes } : wish)) };
}

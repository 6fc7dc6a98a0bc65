/**
 * The room as the server shows it to one person, and the place in its log that has been reached.
 *
 * Decides how a welcome and the facts after it make a room, and when the story has a hole: the same as
 * `client/mirror.py`, to which tests/laws/conversation_traces.json holds both.
 */
import type { Cursor, Happened, Room, Welcome } from "../protocol";
import { after } from "./mirror";

export interface Story {
  readonly room: Room | null;
  readonly cursor: Cursor | null;
  /** How many missed facts a resume still owes. */
  readonly owed: number;
  /** Where those will have led: facts this person may not see can lie between the last one owed and here. */
  readonly goal: Cursor | null;
}

export const UNTOLD: Story = { room: null, cursor: null, owed: 0, goal: null };

/** What arrived does not follow what is known: come back, with the cursor where the log is still the same. */
export interface Lost {
  readonly lost: "resumable" | "afresh";
}

export function isLost(outcome: Story | Lost): outcome is Lost {
  return "lost" in outcome;
}

/** After a welcome to a hello that named the cursor `asked`; another socket may have led beyond it meanwhile. */
export function welcomed(now: Story, welcome: Welcome, asked: Cursor | null): Story | Lost {
  if (welcome.room) return { room: welcome.room, cursor: welcome.cursor, owed: 0, goal: null };
  if (!now.room || !now.cursor || welcome.resumed === null) return { lost: "afresh" };
  const from = asked ?? now.cursor;
  if (welcome.cursor.epoch !== now.cursor.epoch || welcome.cursor.version < from.version) return { lost: "afresh" };
  return arrived({ ...now, owed: welcome.resumed, goal: welcome.cursor });
}

/** After one more fact; the same for a fact that is known already. */
export function happened(now: Story, fact: Happened): Story | Lost {
  if (!now.room || !now.cursor) return { lost: "afresh" };
  if (fact.version <= now.cursor.version) {
    if (fact.version === now.cursor.version && fact.tag !== now.cursor.tag) return { lost: "afresh" };
    return now.owed ? arrived({ ...now, owed: now.owed - 1 }) : now;
  }
  if (fact.after > now.cursor.version) return { lost: "resumable" };
  try {
    const room = after(now.room, fact.event);
    const cursor = { ...now.cursor, version: fact.version, tag: fact.tag };
    return arrived({ ...now, room, cursor, owed: Math.max(0, now.owed - 1) });
  } catch {
    return { lost: "afresh" }; // it does not fit the room
  }
}

/** When nothing is owed any more, the resume has led to its goal. */
function arrived(now: Story): Story {
  if (now.owed || !now.goal || !now.cursor) return now;
  return { ...now, cursor: now.goal.version >= now.cursor.version ? now.goal : now.cursor, goal: null };
}

/** The pages' words for modes, roles, dimensions and times. */
import type { Stage } from "./api";
import type { Dimension, Finish, Flaw, Mode, Participant, Phase, Role, Room } from "./protocol";
import { person } from "./room/mirror";

export const MODES: Record<Mode, { name: string; sentence: string }> = {
  behavioural: {
    name: "Behavioural",
    sentence: "Stories from your work: what happened, what you did, what came of it.",
  },
  technical: { name: "Technical", sentence: "How things work and why, explained in your own words." },
  system_design: { name: "System design", sentence: "Think a system through out loud: needs, parts, trade-offs." },
};

export const ROLES: Record<Role, string> = {
  candidate: "Candidate",
  interviewer: "Interviewer",
  coach: "Coach",
  observer: "Observer",
  system: "AI interviewer",
};

/** What can be wrong with the sound of a voice. */
export const SOUNDS: Record<Flaw, string> = {
  gaps: "pieces missing",
  dropouts: "breaking off",
  clipped: "too loud for the microphone",
  quiet: "very quiet",
  drift: "an uneven clock",
  dead: "nothing at all",
};

export const DIMENSIONS: Record<Dimension, string> = {
  relevance: "Relevance",
  structure: "Structure",
  specificity: "Specificity",
  depth: "Depth",
  result: "Result",
  clarity: "Clarity",
};

export const PHASES: Record<Phase, string> = {
  lobby: "Not started yet",
  choosing: "Between questions",
  asking: "Question being asked",
  answering: "Answering",
  settling: "Writing down the last words",
  closed: "Over",
};

/** When a planned room begins, for lists; null for one that may begin at any time. */
export function beginning(stage: Stage, startsAt: number | null): string | null {
  return stage === "scheduled" && startsAt !== null ? `Begins ${day(startsAt)}` : null;
}

export const FINISHES: Record<Finish, string> = {
  done: "Answered",
  silence: "Ended by silence",
  skipped: "Skipped",
  limit: "Ended at the time limit",
  ended: "The interview was ended",
};

/** 125,400 ms -> "2:05". */
export function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** 1,400 ms -> "1.4 s". */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** A score in half points, always with one place. */
export function points(score: number): string {
  return score.toFixed(1);
}

export function day(ms: number): string {
  return new Date(ms).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** Names that the server gives to people who chose none: only their role says something. */
const NAMELESS: ReadonlySet<string> = new Set(["You", "Guest"]);

export function isNameless(who: Participant): boolean {
  return NAMELESS.has(who.name);
}

/** What a person in the room is called in a sentence. */
export function nameOf(room: Room, id: string): string {
  const who = person(room, id);
  if (!who) return "Somebody";
  return isNameless(who) ? `The ${ROLES[who.role].toLowerCase()}` : who.name;
}

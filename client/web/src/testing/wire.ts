/** Messages as a server sends them, for tests. */
import type { Event, Happened, Participant, Room, Welcome } from "../protocol";
import { after } from "../room/mirror";

export const ANA: Participant = { id: "p-ana", name: "Ana", role: "candidate" };
export const BEN: Participant = { id: "p-ben", name: "Ben", role: "coach" };

export const OPENED: Event = {
  kind: "room_opened",
  room: "r-1",
  mode: "behavioural",
  length: 3,
  notice: "2026-11",
  owner: "owner",
  opened_at: 1_795_000_000_000,
  starts_at: null,
  profile: "interview",
  seniority: null,
  weights: null,
  encoder: null,
  judging: null,
  terms: [],
};
export const JOINED: Event = {
  kind: "participant_joined",
  participant: ANA,
  connection: "c-1",
  worker: "w-1",
  at_ms: 0,
};
export const CONSENTED: Event = { kind: "consent_given", participant: ANA.id, notice: "2026-11" };
export const STARTED: Event = { kind: "interview_started" };

export function asked(turn: number, text = `Question ${turn}?`): Event {
  const question = {
    id: `b-${turn}`,
    follow_up_of: null,
    text,
    competence: null,
    difficulty: null,
    kind: "new" as const,
    why: null,
    points: [],
    reference: "",
  };
  return { kind: "question_asked", turn, question, by: "greenroom", at_ms: 500 };
}

export function began(turn: number): Event {
  return { kind: "answer_began", turn, at_ms: 1_000 };
}

export function spoken(turn: number, id: string, text: string): Event {
  return {
    kind: "utterance_heard",
    turn,
    utterance: { id, source: "voice", text, start_ms: 2_000, end_ms: 4_000, words: [], audio: null },
  };
}

export function roomAfter(...events: Event[]): Room {
  const room = [OPENED, JOINED, ...events].reduce<Room | null>(after, null);
  if (!room) throw new Error("no events");
  return room;
}

export function welcome(room: Room | null, changes: Partial<Welcome> = {}): Welcome {
  return {
    type: "welcome",
    protocol: 2,
    you: ANA,
    cursor: { epoch: "e", version: 10, tag: "t10" },
    resumed: null,
    reset: room ? "first" : null,
    room,
    told: [],
    audio_through: null,
    durable: 0,
    return_ticket: null,
    return_after_ms: 0,
    ...changes,
  };
}

export function happened(version: number, event: Event, behind = version - 1): Happened {
  return { type: "event", version, after: behind, tag: `t${version}`, at: Date.now(), event };
}

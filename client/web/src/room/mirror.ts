/**
 * The room as its events left it: the same fold as `rooms/state.py`, so that the page and the server see the same room.
 *
 * Decides nothing; it only remembers. Held to Python's by mirror.fixture.json, which tests/laws/mirror_fixture.py writes.
 */
import type { Event, Participant, Phase, Presence, Room, RoomOpened, Turn } from "../protocol";

type ParticipantJoined = Extract<Event, { kind: "participant_joined" }>;
type ParticipantLeft = Extract<Event, { kind: "participant_left" }>;
type UtteranceHeard = Extract<Event, { kind: "utterance_heard" }>;

/** The table of rooms/phases.py. What is not in it leaves the phase as it is. */
const FOLLOWING: Partial<Record<Phase, Partial<Record<Event["kind"], Phase>>>> = {
  lobby: { interview_started: "choosing", room_closed: "closed" },
  choosing: { question_asked: "asking", room_closed: "closed" },
  asking: { answer_began: "answering", answer_finished: "settling" },
  answering: { answer_finished: "settling" },
  settling: { turn_closed: "choosing" },
};

/** Who does what comes due by itself. */
const GREENROOM = "greenroom";

/** The room after one more event. The first event of a room is room_opened, and only the first. */
export function after(room: Room | null, event: Event): Room {
  if (event.kind === "room_opened") return opened(event);
  if (!room) throw new Error(`a room begins with room_opened, not ${event.kind}`);
  return { ...changed(room, event), phase: FOLLOWING[room.phase]?.[event.kind] ?? room.phase };
}

function opened(event: RoomOpened): Room {
  return {
    id: event.room,
    mode: event.mode,
    length: event.length,
    notice: event.notice,
    owner: event.owner,
    opened_at: event.opened_at,
    starts_at: event.starts_at,
    scheduled: event.starts_at !== null && event.starts_at > event.opened_at,
    reminded: false,
    profile: event.profile,
    seniority: event.seniority,
    weights: event.weights,
    encoder: event.encoder,
    judging: event.judging,
    terms: event.terms,
    phase: "lobby",
    paused: false,
    stopped_ms: null,
    consented: false,
    candidate: null,
    people: [],
    empty_ms: 0,
    chair: null,
    turns: [],
    chosen: null,
    written: null,
    microphone: null,
    transcriber: null,
    whispers: [],
    notes: [],
    ending: false,
    closing: null,
    closed_ms: null,
    restored: null,
  };
}

function changed(room: Room, event: Exclude<Event, RoomOpened>): Room {
  switch (event.kind) {
    case "participant_joined":
      return clocked(joined(room, event), event.at_ms);
    case "participant_left":
      return clocked(left(room, event), event.at_ms);
    case "starting_soon":
      return { ...room, reminded: true };
    case "lobby_opened":
      return { ...room, scheduled: false };
    case "consent_given":
      return { ...room, consented: true };
    case "consent_withdrawn":
      return { ...room, consented: false, microphone: null, closing: room.ending ? "withdrawn" : null };
    case "transcriber_named":
      return { ...room, transcriber: event };
    case "microphone_opened":
      return { ...room, microphone: event };
    case "question_asked": {
      const turn = newTurn(event.turn, event.question, event.by, event.at_ms);
      return { ...room, turns: [...room.turns, turn], chosen: null, written: null };
    }
    case "answer_began":
      return withTurn(room, event.turn, { began_ms: event.at_ms, counts_ms: event.at_ms });
    case "utterance_heard":
      return heard(room, event);
    case "turn_held":
      return withTurn(room, event.turn, { held: true });
    case "turn_limit_near":
      return withTurn(room, event.turn, { limit_ms: event.ends_ms });
    case "answer_finished":
      return withTurn(room, event.turn, { finished: event });
    case "turn_closed":
      return withTurn(room, event.turn, { closed_ms: event.at_ms });
    case "turn_scored":
      return withTurn(room, event.turn, { score: event.score, delivery: event.delivery });
    case "next_question_chosen":
      return { ...room, chosen: event.question, written: event.own };
    case "interviewer_changed":
      return { ...room, chair: event.to };
    case "whispered":
      return { ...room, whispers: [...room.whispers, { by: event.by, text: event.text, at_ms: event.at_ms }] };
    case "note_taken":
      return { ...room, notes: [...room.notes, { by: event.by, text: event.text, at_ms: event.at_ms }] };
    case "interview_paused":
      return clocked({ ...room, paused: true }, event.at_ms);
    case "interview_resumed":
      return clocked({ ...room, paused: false }, event.at_ms);
    case "end_requested":
      return { ...room, ending: true, paused: false, closing: event.by === GREENROOM ? "abandoned" : "ended" };
    case "room_closed":
      return { ...room, closed_ms: event.at_ms, closing: event.reason };
    case "room_restored":
      return { ...room, restored: event };
    case "interview_started":
    case "question_repeated":
      return room;
  }
}

function newTurn(number: number, question: Turn["question"], by: string, at_ms: number | null): Turn {
  return {
    number,
    question,
    by,
    began_ms: null,
    counts_ms: at_ms,
    limit_ms: null,
    held: false,
    utterances: [],
    finished: null,
    closed_ms: null,
    score: null,
    delivery: null,
  };
}

function joined(room: Room, event: ParticipantJoined): Room {
  const who = event.participant;
  const before = presence(room, who.id);
  // The candidate's second device takes over; the first is told to go.
  const connections =
    who.role === "candidate" ? [event.connection] : [...(before?.connections ?? []), event.connection];
  const now: Presence = { participant: who, connections };
  const people = before ? room.people.map((p) => (p === before ? now : p)) : [...room.people, now];
  return { ...room, people, candidate: who.role === "candidate" ? who.id : room.candidate, empty_ms: null };
}

function left(room: Room, event: ParticipantLeft): Room {
  const people = room.people.map((p) =>
    p.participant.id === event.participant
      ? { ...p, connections: p.connections.filter((c) => c !== event.connection) }
      : p,
  );
  return { ...room, people, empty_ms: people.some((p) => p.connections.length) ? null : (event.at_ms ?? 0) };
}

/** The room with its answer's clock stopped (paused, or the candidate is away) or going again. */
function clocked(room: Room, at_ms: number | null): Room {
  const seat = room.candidate === null ? undefined : presence(room, room.candidate);
  const stands = room.paused || !seat?.connections.length;
  const stood = room.stopped_ms;
  if (stands === (stood !== null)) return room;
  const now = { ...room, stopped_ms: stands ? at_ms : null };
  const turn = openTurn(room);
  if (!turn) return now;
  let counts = turn.counts_ms;
  if (stood !== null && at_ms !== null && counts !== null) counts += Math.max(1, at_ms - Math.max(stood, counts));
  return withTurn(now, turn.number, { counts_ms: counts, limit_ms: null });
}

function heard(room: Room, event: UtteranceHeard): Room {
  const turn = room.turns[event.turn - 1];
  if (!turn) throw new Error(`turn ${event.turn} was never asked`);
  return withTurn(room, event.turn, {
    utterances: [...turn.utterances, event.utterance],
    held: turn.held && event.utterance.source === "typed", // speaking again ends the moment asked for
  });
}

function withTurn(room: Room, number: number, changes: Partial<Turn>): Room {
  return { ...room, turns: room.turns.map((turn) => (turn.number === number ? { ...turn, ...changes } : turn)) };
}

// --- what the server's Room knows by itself -------------------------------------------------------------------

export function presence(room: Room, participant: string): Presence | undefined {
  return room.people.find((p) => p.participant.id === participant);
}

export function person(room: Room, id: string): Participant | undefined {
  return presence(room, id)?.participant;
}

/** The open turn. */
export function openTurn(room: Room): Turn | null {
  const last = room.turns.at(-1);
  return last?.closed_ms === null ? last : null;
}

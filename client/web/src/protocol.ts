// Made by scripts/protocol_types from rooms/protocol.py. Do not edit: change that file and run the script.
// schema c70e9df44434a75c body 2a03759d1211debd
export const PROTOCOL_VERSION = 2;
export const SAMPLE_RATE_HZ = 16000;
export const FRAME_VERSION = 1;
export const MAX_PIECE_BYTES = 32780;
export const PIECE_VERSION = 2;
export const RESTED = 1;
export const MAX_FRAME_BYTES = 6412;
export const CLOSE = {
  GOING_AWAY: 1012,
  TRY_AGAIN: 4001,
  TOO_SLOW: 4002,
  LOST_TRACK: 4003,
  HELLO_EXPECTED: 4501,
  TICKET_INVALID: 4502,
  PROTOCOL_UNKNOWN: 4503,
  MESSAGE_INVALID: 4504,
  MESSAGE_TOO_BIG: 1009,
  REFUSED: 4505,
  TAKEN_OVER: 4506,
  ORIGIN_REFUSED: 4507,
  TOO_MUCH: 4508,
  SIGNED_OUT: 4509,
} as const;
/** After these a client connects again by itself. */
export const MAY_RETURN: ReadonlySet<number> = new Set([1012, 4001, 4002, 4003]);

/**
 * How the sound of a stream travels. What hearing gets is the same.
 */
export type Encoding = "pcm16" | "webm_opus";
export type Role = "candidate" | "interviewer" | "coach" | "observer" | "system";
/**
 * Why a room is sent whole instead of what was missed.
 */
export type ResetReason = "first" | "epoch" | "fork" | "trimmed";
export type Mode = "behavioural" | "technical" | "system_design";
/**
 * How turns are taken: how long a silence must be to end an answer (`rooms.patience`).
 */
export type Profile = "interview" | "rapid";
/**
 * The level a candidate is interviewed for. It decides which weights mark, and nothing else.
 */
export type Seniority = "junior" | "mid" | "senior";
export type Phase = "lobby" | "choosing" | "asking" | "answering" | "settling" | "closed";
export type QuestionKind = "new" | "follow_up" | "chosen" | "own";
/**
 * How an utterance came in. Typing is an equal of speaking.
 */
export type Source = "voice" | "typed";
/**
 * What can be wrong with the sound of a voice.
 */
export type Flaw = "gaps" | "dropouts" | "clipped" | "quiet" | "drift" | "dead";
/**
 * Why an answer ended.
 */
export type Finish = "done" | "silence" | "skipped" | "limit" | "ended";
/**
 * The six content dimensions, each 0 to 5. Delivery is not among them.
 */
export type Dimension = "relevance" | "structure" | "specificity" | "depth" | "result" | "clarity";
/**
 * How far an answer reaches one rubric point.
 */
export type Level = "present" | "partial" | "absent";
/**
 * Why an interview ended.
 */
export type Closing = "finished" | "ended" | "abandoned" | "withdrawn";

/**
 * Every message in one value, from which the browser's types and the docs' schema are generated.
 */
export interface Wire {
  client: Hello | Do | Typing | Ping;
  server: Welcome | Happened | Telling | Accepted | Durable | Refused | AudioSafe | Pong | Moving | Goodbye;
  words: Word[];
}
/**
 * The first message. With `resume`, the server sends what was missed instead of the whole room.
 */
export interface Hello {
  type: "hello";
  protocol: number;
  ticket: string;
  resume: Cursor | null;
  client: string;
  takeover: boolean;
}
/**
 * A place in a room's log. `version` alone lies after a failover; with `epoch` and `tag` it cannot.
 */
export interface Cursor {
  epoch: string;
  version: number;
  tag: string;
}
/**
 * A wish. `id` is made by the client: sending the same one twice does it once.
 */
export interface Do {
  type: "do";
  id: string;
  command:
    | GiveConsent
    | WithdrawConsent
    | OpenLobby
    | StartInterview
    | OpenMicrophone
    | BeginAnswer
    | TypeAnswer
    | HoldTurn
    | FinishAnswer
    | SkipQuestion
    | RepeatQuestion
    | PauseInterview
    | ResumeInterview
    | EndInterview
    | Whisper
    | TakeNote
    | ChooseNext
    | TakeOver
    | HandBack
    | AskOwn
    | WriteNext;
}
export interface GiveConsent {
  kind: "give_consent";
  notice: string;
}
/**
 * Take consent back: the audio is erased, nothing more is heard or scored, an interview under way ends.
 */
export interface WithdrawConsent {
  kind: "withdraw_consent";
}
/**
 * Begin a planned interview early: from now on the candidate may start.
 */
export interface OpenLobby {
  kind: "open_lobby";
}
export interface StartInterview {
  kind: "start_interview";
}
/**
 * Announce a numbered stream of audio: frames of samples, or pieces of a recording.
 */
export interface OpenMicrophone {
  kind: "open_microphone";
  stream: string;
  sample_rate: number;
  encoding: Encoding;
}
/**
 * The question was read out (or its reading cut short): the candidate takes the floor.
 */
export interface BeginAnswer {
  turn: number;
  question: string | null;
  kind: "begin_answer";
}
export interface TypeAnswer {
  turn: number;
  question: string | null;
  kind: "type_answer";
  text: string;
}
/**
 * Give me a moment: silence is not to end this answer.
 */
export interface HoldTurn {
  turn: number;
  question: string | null;
  kind: "hold_turn";
}
/**
 * I'm done. Words up to frame `through` of `stream` still belong to the answer.
 */
export interface FinishAnswer {
  turn: number;
  question: string | null;
  kind: "finish_answer";
  stream: string | null;
  through: number | null;
}
export interface SkipQuestion {
  turn: number;
  question: string | null;
  kind: "skip_question";
}
export interface RepeatQuestion {
  turn: number;
  question: string | null;
  kind: "repeat_question";
}
export interface PauseInterview {
  kind: "pause_interview";
}
export interface ResumeInterview {
  kind: "resume_interview";
}
export interface EndInterview {
  kind: "end_interview";
}
export interface Whisper {
  kind: "whisper";
  text: string;
}
export interface TakeNote {
  kind: "take_note";
  text: string;
}
/**
 * Ask this question from the bank next.
 */
export interface ChooseNext {
  kind: "choose_next";
  question: string;
}
/**
 * Sit down in the interviewer's chair; the AI interviewer falls silent.
 */
export interface TakeOver {
  kind: "take_over";
}
export interface HandBack {
  kind: "hand_back";
}
/**
 * From the interviewer's chair: ask this, now.
 */
export interface AskOwn {
  text: string;
  /**
   * @maxItems 8
   */
  points: Expected[];
  reference: string;
  kind: "ask_own";
}
/**
 * Something a strong answer says, as a coach wrote it for a question of their own.
 */
export interface Expected {
  text: string;
  weight: number;
}
/**
 * Have the interviewer ask this next.
 */
export interface WriteNext {
  text: string;
  /**
   * @maxItems 8
   */
  points: Expected[];
  reference: string;
  kind: "write_next";
}
/**
 * The candidate is writing. Told to the room, not kept.
 */
export interface Typing {
  type: "typing";
  turn: number;
}
/**
 * Is anybody there? Answered with `pong`. For pages, which cannot send a WebSocket's own pings; since version 2.
 */
export interface Ping {
  type: "ping";
}
/**
 * Let in. Either `resumed` (the missed events follow) or `reset` with the whole `room`.
 */
export interface Welcome {
  type: "welcome";
  protocol: number;
  you: Participant;
  cursor: Cursor;
  resumed: number | null;
  reset: ResetReason | null;
  room: Room | null;
  told: Telling[];
  audio_through: number | null;
  durable: number;
  return_ticket: string | null;
  return_after_ms: number;
}
/**
 * A person in a room (or Greenroom itself, as SYSTEM).
 */
export interface Participant {
  id: string;
  name: string;
  role: Role;
}
/**
 * The whole state of a room. Also its snapshot: as JSON, folded from the events that a role may see.
 */
export interface Room {
  id: string;
  mode: Mode;
  length: number;
  notice: string;
  owner: string;
  opened_at: number;
  starts_at: number | null;
  scheduled: boolean;
  reminded: boolean;
  profile: Profile;
  seniority: Seniority | null;
  weights: string | null;
  encoder: string | null;
  judging: JudgePolicy | null;
  /**
   * @maxItems 50
   */
  terms: string[];
  phase: Phase;
  paused: boolean;
  stopped_ms: number | null;
  consented: boolean;
  candidate: string | null;
  people: Presence[];
  empty_ms: number | null;
  chair: string | null;
  turns: Turn[];
  chosen: string | null;
  written: Question | null;
  microphone: MicrophoneOpened | null;
  transcriber: TranscriberNamed | null;
  whispers: Line[];
  notes: Line[];
  ending: boolean;
  closing: Closing | null;
  closed_ms: number | null;
  restored: RoomRestored | null;
}
/**
 * How judges mark an interview: pinned when its room opens, so that a change in its middle does not go unsaid.
 */
export interface JudgePolicy {
  judges: string[];
  panel: number;
  prompt: string;
  weights: string;
}
/**
 * A participant and the connections that hold them in the room. None left: away.
 */
export interface Presence {
  participant: Participant;
  connections: string[];
}
/**
 * One question and its answer.
 */
export interface Turn {
  number: number;
  question: Question;
  by: string;
  began_ms: number | null;
  counts_ms: number | null;
  limit_ms: number | null;
  held: boolean;
  utterances: Utterance[];
  finished: AnswerFinished | null;
  closed_ms: number | null;
  score: Score | null;
  delivery: Delivery | null;
}
/**
 * A question as it was put.
 */
export interface Question {
  id: string | null;
  follow_up_of: string | null;
  text: string;
  competence: string | null;
  difficulty: number | null;
  kind: QuestionKind;
  why: string | null;
  /**
   * @maxItems 8
   */
  points: Expected[];
  reference: string;
}
/**
 * One stretch of speech between silences, or one typed message.
 *
 * `text` of a spoken utterance is its words joined by single spaces; a typed one has no words.
 */
export interface Utterance {
  id: string;
  source: Source;
  text: string;
  start_ms: number;
  end_ms: number;
  /**
   * @maxItems 4000
   */
  words: Word[];
  audio: AudioQuality | null;
}
/**
 * One recognised word, with its place in the room's time.
 */
export interface Word {
  text: string;
  start_ms: number;
  end_ms: number;
  confidence: number | null;
}
/**
 * How well an utterance arrived. It lowers the confidence of what rests on it, never its score.
 */
export interface AudioQuality {
  trust: number;
  flaws: Flaw[];
  measured_ms: number;
  gaps: number;
  lost_ms: number;
  dropouts: number;
  dropout_ms: number;
  clipped: number;
  peak_dbfs: number | null;
  drift_ms: number;
}
export interface AnswerFinished {
  kind: "answer_finished";
  turn: number;
  reason: Finish;
  stream: string | null;
  through: number | null;
}
/**
 * What the content of a turn is worth. Delivery has no part in it.
 */
export interface Score {
  overall: number | null;
  low: number | null;
  high: number | null;
  dimensions: DimensionScore[];
  marks: Mark[];
  scorer: string;
  weights: string;
  abstained: string | null;
  caution: string | null;
  agreement: number | null;
  prompt: string | null;
}
/**
 * One dimension's score (half points, 0 to 5) with its 90% interval, or why there is none.
 *
 * A score without a quote cannot be built: a low one quotes the words that show what is missing.
 */
export interface DimensionScore {
  dimension: Dimension;
  score: number | null;
  low: number | null;
  high: number | null;
  contributions: Contribution[];
  quotes: Quote[];
  abstained: string | null;
  judged: Mark | null;
}
/**
 * One signed part of a dimension's score. The parts add up to the score exactly.
 */
export interface Contribution {
  label: string;
  value: number;
}
/**
 * An exact piece of an utterance's text, and when it was said.
 */
export interface Quote {
  utterance: string;
  text: string;
  start_ms: number;
  end_ms: number;
}
/**
 * A level for one rubric point, and the exact words it rests on.
 *
 * A present or partial mark without a quote cannot be built: evidence is not optional.
 */
export interface Mark {
  point: string;
  criterion: string;
  level: Level;
  quotes: Quote[];
  reason: string;
}
/**
 * How an answer was spoken. Coaching only: it never counts in a content score or a hiring view.
 *
 * Figures that need timed speech are None for typed answers.
 */
export interface Delivery {
  words: number;
  speaking_ms: number;
  words_per_minute: number | null;
  articulation_rate: number | null;
  pauses: Pause[];
  fillers: Quote[];
  fillers_per_minute: number | null;
  repairs: Quote[];
  thinking_ms: number | null;
}
/**
 * A silence of at least 250 ms between two words of an answer (a usual threshold).
 */
export interface Pause {
  start_ms: number;
  end_ms: number;
  in_clause: boolean;
}
export interface MicrophoneOpened {
  kind: "microphone_opened";
  stream: string;
  offset_ms: number;
  encoding: Encoding;
}
/**
 * Which recogniser writes the words, and what to know before trusting them.
 */
export interface TranscriberNamed {
  kind: "transcriber_named";
  label: string;
  caution: string | null;
}
/**
 * A whisper or a note.
 */
export interface Line {
  by: string;
  text: string;
  at_ms: number;
}
/**
 * The log was lost or had fallen behind, and was written anew from what is kept elsewhere.
 *
 * What was said in the last moment before may be missing; whoever said it still has it and says it again.
 */
export interface RoomRestored {
  kind: "room_restored";
  through: number;
  at_ms: number;
}
/**
 * Something told and not kept: only the latest of each kind matters.
 */
export interface Telling {
  type: "telling";
  what: Partial | Speaking | DeliverySoFar | IsTyping | HearingTrouble | SoundQuality | TurnEnding;
}
/**
 * An utterance under way. `stable` is certain: its final text begins with it. `unstable` is a guess at the rest.
 */
export interface Partial {
  kind: "partial";
  turn: number;
  utterance: string;
  stable: string;
  unstable: string;
}
/**
 * Whether the candidate's voice is heard right now.
 */
export interface Speaking {
  kind: "speaking";
  turn: number | null;
  on: boolean;
}
/**
 * Running figures of the open turn, for the coach.
 */
export interface DeliverySoFar {
  kind: "delivery_so_far";
  turn: number;
  words: number;
  words_per_minute: number | null;
  fillers: number;
  pauses: number;
  longest_pause_ms: number;
}
export interface IsTyping {
  kind: "is_typing";
  turn: number;
}
/**
 * Hearing cannot keep up or has failed; `code` as in docs/ERRORS.md. Typing still works.
 */
export interface HearingTrouble {
  kind: "hearing_trouble";
  code: string;
  sentence: string;
}
/**
 * What is wrong with the sound of the candidate's voice right now, and what to do about it; no flaws: nothing.
 */
export interface SoundQuality {
  kind: "sound_quality";
  turn: number;
  flaws: Flaw[];
  to_candidate: string;
  to_others: string;
}
/**
 * Hearing takes the silence for the likely end of the answer: who goes on speaking takes it back (`on` false).
 */
export interface TurnEnding {
  kind: "turn_ending";
  turn: number;
  on: boolean;
}
/**
 * A fact. Between the versions `after` and `version` nothing happened that you may see.
 *
 * With a cursor at `after` or behind it, all is well; with one before it, something was missed: come back and resume.
 */
export interface Happened {
  type: "event";
  version: number;
  after: number;
  tag: string;
  at: number;
  event:
    | RoomOpened
    | ParticipantJoined
    | ParticipantLeft
    | StartingSoon
    | LobbyOpened
    | ConsentGiven
    | ConsentWithdrawn
    | InterviewStarted
    | TranscriberNamed
    | MicrophoneOpened
    | QuestionAsked
    | QuestionRepeated
    | AnswerBegan
    | UtteranceHeard
    | TurnHeld
    | TurnLimitNear
    | AnswerFinished
    | TurnClosed
    | TurnScored
    | NextQuestionChosen
    | InterviewerChanged
    | Whispered
    | NoteTaken
    | InterviewPaused
    | InterviewResumed
    | EndRequested
    | RoomClosed
    | RoomRestored;
}
export interface RoomOpened {
  kind: "room_opened";
  room: string;
  mode: Mode;
  length: number;
  notice: string;
  owner: string;
  opened_at: number;
  starts_at: number | null;
  profile: Profile;
  seniority: Seniority | null;
  weights: string | null;
  encoder: string | null;
  judging: JudgePolicy | null;
  /**
   * @maxItems 50
   */
  terms: string[];
}
export interface ParticipantJoined {
  kind: "participant_joined";
  participant: Participant;
  connection: string;
  worker: string;
  at_ms: number | null;
}
export interface ParticipantLeft {
  kind: "participant_left";
  participant: string;
  connection: string;
  at_ms: number | null;
}
/**
 * A reminder: the planned time has nearly come.
 */
export interface StartingSoon {
  kind: "starting_soon";
  starts_at: number;
}
/**
 * A planned interview may begin: its time has come, or somebody opened it early.
 */
export interface LobbyOpened {
  kind: "lobby_opened";
  by: string;
}
export interface ConsentGiven {
  kind: "consent_given";
  participant: string;
  notice: string;
}
/**
 * From here on nothing is heard, written down or scored; the audio that waited is erased.
 */
export interface ConsentWithdrawn {
  kind: "consent_withdrawn";
  participant: string;
  at_ms: number;
}
export interface InterviewStarted {
  kind: "interview_started";
}
export interface QuestionAsked {
  kind: "question_asked";
  turn: number;
  question: Question;
  by: string;
  at_ms: number | null;
}
export interface QuestionRepeated {
  kind: "question_repeated";
  turn: number;
}
/**
 * The candidate has the floor.
 */
export interface AnswerBegan {
  kind: "answer_began";
  turn: number;
  at_ms: number;
}
export interface UtteranceHeard {
  kind: "utterance_heard";
  turn: number;
  utterance: Utterance;
}
/**
 * The candidate wants time (a moment to think, or to type): silence does not end this answer.
 */
export interface TurnHeld {
  kind: "turn_held";
  turn: number;
}
/**
 * The answer's time is nearly up. A pause, or being away, stops the clock; then this is said anew.
 */
export interface TurnLimitNear {
  kind: "turn_limit_near";
  turn: number;
  at_ms: number;
  ends_ms: number;
}
/**
 * The last word of the turn is written. From here on its transcript is final.
 */
export interface TurnClosed {
  kind: "turn_closed";
  turn: number;
  reason: Finish;
  at_ms: number;
}
export interface TurnScored {
  kind: "turn_scored";
  turn: number;
  score: Score;
  delivery: Delivery;
}
export interface NextQuestionChosen {
  kind: "next_question_chosen";
  question: string;
  own: Question | null;
  by: string;
}
/**
 * Who sits in the interviewer's chair: a person's id, or None for the AI interviewer.
 */
export interface InterviewerChanged {
  kind: "interviewer_changed";
  to: string | null;
}
/**
 * A hint to the candidate.
 */
export interface Whispered {
  kind: "whispered";
  by: string;
  text: string;
  at_ms: number;
}
/**
 * A coach's private note.
 */
export interface NoteTaken {
  kind: "note_taken";
  by: string;
  text: string;
  at_ms: number;
}
export interface InterviewPaused {
  kind: "interview_paused";
  by: string;
  at_ms: number | null;
}
export interface InterviewResumed {
  kind: "interview_resumed";
  by: string;
  at_ms: number | null;
}
/**
 * No further question will be asked. What was said before is still heard out and scored.
 */
export interface EndRequested {
  kind: "end_requested";
  by: string;
}
export interface RoomClosed {
  kind: "room_closed";
  at_ms: number;
  reason: Closing | null;
}
/**
 * Your command `id` is in the log: the room now has `version` events.
 *
 * Keep it until it is durable too: after a reset for another reason than `first`, put it again with the same id.
 */
export interface Accepted {
  type: "accepted";
  id: string;
  version: number;
}
/**
 * The log is kept in the database up to `version`: whatever happens to Redis, what was accepted there stays.
 */
export interface Durable {
  type: "durable";
  version: number;
}
/**
 * Your command `id` was not done. `retry`: the same command may succeed later.
 */
export interface Refused {
  type: "refused";
  id: string | null;
  code: string;
  sentence: string;
  retry: boolean;
}
/**
 * Frames up to `through` are safe: the client may forget them. `through` None: none are yet.
 */
export interface AudioSafe {
  type: "audio_safe";
  stream: string;
  through: number | null;
  again: boolean;
}
/**
 * The answer to `ping`.
 */
export interface Pong {
  type: "pong";
}
/**
 * This worker is going away: connect again within `within_ms`; another one answers.
 */
export interface Moving {
  type: "moving";
  within_ms: number;
}
/**
 * Said before the socket is closed with the code that goes with it.
 */
export interface Goodbye {
  type: "goodbye";
  code: string;
  sentence: string;
  retry: boolean;
}

export type ClientMessage = Wire["client"];
export type ServerMessage = Wire["server"];
export type Event = Happened["event"];
export type Command = Do["command"];
export type Tell = Telling["what"];

// Made by scripts/protocol_types from scoring/report.py, server/reviewing.py and server/api. Do not edit: change that file and run the script.
// schema 2add30650307c5c0 body dd0f45d65bed1edc
/**
 * The six content dimensions, each 0 to 5. Delivery is not among them.
 */
export type Dimension = "relevance" | "structure" | "specificity" | "depth" | "result" | "clarity";
export type SegmentKind = "thinking" | "speech" | "pause" | "typed";
/**
 * How an utterance came in. Typing is an equal of speaking.
 */
export type Source = "voice" | "typed";
/**
 * What can be wrong with the sound of a voice.
 */
export type Flaw = "gaps" | "dropouts" | "clipped" | "quiet" | "drift" | "dead";
/**
 * How far an answer reaches one rubric point.
 */
export type Level = "present" | "partial" | "absent";
export type Reach = "shown" | "touched" | "not_shown" | "unknown" | "not_asked";
export type Kind = "amount" | "year" | "denial";
export type Ready = "not_yet" | "nearly" | "ready";

export interface Told {
  report: Report;
  sheet: Sheet;
  queue: Queue;
  agreements: Agreements;
  found: Found;
}
/**
 * All that is known about a finished interview. JSON of this value is what is kept and shown.
 */
export interface Report {
  schema_version: "1";
  room: string;
  mode: string;
  opened_at: number;
  duration_ms: number;
  questions: number;
  scored: number;
  abstained: number;
  overall: number | null;
  low: number | null;
  high: number | null;
  dimensions: DimensionSummary[];
  strengths: Strength[];
  try_next: Suggestion[];
  speaking: Speaking;
  timeline: Segment[];
  turns: ReportTurn[];
  transcriber: string | null;
  caution: string | null;
  weights: string[];
  interview: Interview | null;
}
/**
 * A dimension over the whole interview.
 */
export interface DimensionSummary {
  dimension: Dimension;
  name: string;
  score: number | null;
  low: number | null;
  high: number | null;
  turns: number;
  anchor: string | null;
}
/**
 * Something done well, with the words that show it.
 */
export interface Strength {
  text: string;
  turn: number;
  quote: Quote;
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
 * One thing to try next, and what it rests on: words that were said, or what was missing.
 */
export interface Suggestion {
  text: string;
  because: string;
  turn: number;
  dimension: Dimension | null;
  quote: Quote | null;
  missing: string | null;
}
/**
 * How the spoken answers sounded, together. For coaching; no score is made from it.
 */
export interface Speaking {
  words: number;
  speaking_ms: number;
  words_per_minute: number | null;
  articulation_rate: number | null;
  pauses: number;
  longest_pause_ms: number;
  pause_share: number | null;
  fillers: number;
  fillers_per_minute: number | null;
  repairs: number;
  thinking_ms: number | null;
  pauses_in_clauses: number;
  answer_ms: number | null;
  notes: string[];
  norms: Norm[];
}
/**
 * A figure of an interview beside what is usual.
 */
export interface Norm {
  name: string;
  value: number;
  unit: string;
  usual: string;
  source: string;
}
/**
 * A stretch of the timeline.
 */
export interface Segment {
  turn: number;
  kind: SegmentKind;
  start_ms: number;
  end_ms: number;
}
/**
 * One question, its answer, and what was found. Times are milliseconds since the room opened.
 */
export interface ReportTurn {
  number: number;
  question: AskedQuestion;
  finish: string | null;
  began_ms: number | null;
  closed_ms: number | null;
  transcript: Transcript;
  score: Score | null;
  delivery: Delivery | null;
  overrides: Override[];
  shares: {
    [k: string]: number;
  } | null;
}
/**
 * A question as it was put.
 */
export interface AskedQuestion {
  id: string | null;
  text: string;
  kind: string;
  follow_up_of: string | null;
  competence: string | null;
  difficulty: number | null;
  point_weights: {
    [k: string]: number;
  };
}
/**
 * The utterances of a turn, in order.
 */
export interface Transcript {
  utterances: Utterance[];
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
/**
 * A person's word in the place of the machine's number, with why.
 */
export interface Override {
  turn: number;
  dimension: Dimension;
  before: number | null;
  after: number;
  by: string;
  name: string;
  reason: string;
  at: number;
}
/**
 * What is said of all answers together.
 */
export interface Interview {
  competences: Competence[];
  contradictions: Contradiction[];
  consistency: Consistency | null;
  growth: Growth | null;
  readiness: Readiness;
}
/**
 * One competence of the mode: whether answers showed it, and by which words.
 */
export interface Competence {
  name: string;
  reach: Reach;
  said: Said[];
}
/**
 * Words of one answer.
 */
export interface Said {
  turn: number;
  quote: Quote;
}
/**
 * Two answers that do not fit together, as far as words can tell. A person asks; nothing follows by itself.
 */
export interface Contradiction {
  kind: Kind;
  about: string;
  first: Said;
  second: Said;
}
/**
 * How far apart the best answer and the weakest are.
 */
export interface Consistency {
  spread: number;
  sentence: string;
  said: Said[];
}
/**
 * The later half of the answers against the earlier one. Questions differ too: a hint, no proof.
 */
export interface Growth {
  change: number;
  sentence: string;
  said: Said[];
}
/**
 * How ready the answers show somebody to be, by a rule that anybody can read; or why nothing is said.
 */
export interface Readiness {
  level: Ready | null;
  rule: string;
  conditions: Condition[];
  abstained: string | null;
}
/**
 * One line of the rule, whether it holds, and words to look at.
 */
export interface Condition {
  level: Ready;
  sentence: string;
  met: boolean;
  said: Said[];
}
export interface Sheet {
  room: string;
  mode: string;
  opened_at: number;
  own: boolean;
  dimensions: SheetDimension[];
  turns: SheetTurn[];
}
/**
 * What to rate, and what answers worth 1, 3 and 5 do.
 */
export interface SheetDimension {
  dimension: Dimension;
  low: string;
  middle: string;
  high: string;
}
/**
 * An answer to rate. `machine` and `overrides` only for those who rated it, or had seen the marks before.
 */
export interface SheetTurn {
  number: number;
  question: AskedQuestion;
  points: string[];
  transcript: Transcript;
  rating: Rating | null;
  blind: boolean;
  machine: Score | null;
  overrides: Override[];
}
/**
 * What a person makes of one answer, dimension by dimension, before seeing the machine's marks.
 */
export interface Rating {
  room: string;
  turn: number;
  by: string;
  scores: {
    [k: string]: number | null;
  };
  note: string;
  blind: boolean;
  own: boolean;
  at: number;
}
export interface Queue {
  waiting: WaitingAnswer[];
}
export interface WaitingAnswer {
  room: string;
  turn: number;
  mode: string;
  question: string;
  abstained: string;
  closed_at: number;
}
export interface Agreements {
  dimensions: DimensionAgreement[];
}
export interface DimensionAgreement {
  dimension: Dimension;
  with_machine: Agreement;
  between_people: Agreement;
  people: PersonsAgreement[];
}
/**
 * How `other` (the machine, say) agrees with `one` (a person). What too few answers cannot tell is None.
 */
export interface Agreement {
  answers: number;
  icc: number | null;
  kappa: number | null;
  bias: number | null;
  apart: number | null;
  within_half: number | null;
}
export interface PersonsAgreement {
  by: string;
  with_machine: Agreement;
}
export interface Found {
  fairness: Fairness;
  unknown: string[];
}
/**
 * All groups, the largest first.
 */
export interface Fairness {
  cut: number;
  reference: string | null;
  groups: GroupFigures[];
  notes: string[];
}
/**
 * One group beside the reference group. What too few people cannot tell is None.
 */
export interface GroupFigures {
  group: string;
  people: number;
  withheld: boolean;
  small: boolean;
  reference: boolean;
  scored: number;
  mean: number | null;
  deviation: number | null;
  distance: number | null;
  passed: number;
  rate: number | null;
  impact_ratio: number | null;
  adverse: boolean;
  one_more_changes_it: boolean;
  correlation: number | null;
  correlation_gap: number | null;
  word_error: number | null;
  word_error_gap: number | null;
  abstention: number | null;
  abstention_gap: number | null;
}

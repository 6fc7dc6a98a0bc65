/**
 * The HTTP side of Greenroom: typed calls, and every failure as a Problem with a sentence for a person.
 */
import type { Dimension, Finish, Mode, Participant, Phase, Profile, Role, Seniority } from "./protocol";
import type { Agreements, Found, Queue, Report, Sheet, SheetTurn } from "./report";
import type { Problem } from "./room/connection";

/** Where a room stands in its life: docs/PHASES.md. */
export type Stage = "scheduled" | "lobby" | "live" | "paused" | "ended" | "archived";

export interface Me {
  id: string;
  name: string;
  owner: boolean;
}
export interface Notice {
  version: string;
  title: string;
  paragraphs: string[];
  points: string[];
}
export interface OpenRoom {
  room: string;
  mode: Mode;
  length: number;
  phase: Phase;
  stage: Stage;
  opened_at: number;
  /** When it is to begin, in ms since 1970, if that was planned. */
  starts_at: number | null;
}
export interface RoomCard {
  room: string;
  mode: Mode;
  length: number;
  phase: Phase;
  roles: Role[];
}
export interface ReportCard {
  room: string;
  mode: Mode;
  opened_at: number;
  closed_at: number;
  overall: number | null;
  /** The overall is kept from whoever may still rate the answers blind. */
  withheld: boolean;
  questions: number;
}
/** What one turn took, in ms by the delay's name; what did not happen is not there. */
export interface TurnEntry {
  room: string;
  turn: number;
  at: number;
  reason: Finish | null;
  delays: Partial<Record<string, number>>;
  /** Delays that a wrong clock made impossible. */
  impossible: string[];
}
export interface Ledger {
  names: Record<string, string>;
  spreads: Partial<Record<string, { turns: number; p50_ms: number; p95_ms: number }>>;
  turns: TurnEntry[];
}
export interface BankQuestion {
  id: string;
  text: string;
  competence: string | null;
  difficulty: number | null;
}
export interface IssuedTicket {
  ticket: string;
  expires_in_s: number;
  socket: string;
  participant: Participant;
}

/** A call that was answered with "no", or not at all. */
export class Refusal extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.code);
    this.problem = problem;
  }
}

const DEADLINE_MS = 10_000;
const AWAY: Problem = {
  code: "server_away",
  sentence: "Greenroom does not answer right now. Check your connection; trying again helps.",
  retry: true,
};

export function problemOf(error: unknown): Problem {
  if (error instanceof Refusal) return error.problem;
  return { code: "page_broke", sentence: "Something broke on this page. Load it again.", retry: false };
}

async function call<T>(path: string, body?: unknown, method = body === undefined ? "GET" : "POST"): Promise<T> {
  const request: RequestInit = { method, credentials: "same-origin", signal: AbortSignal.timeout(DEADLINE_MS) };
  if (body !== undefined) {
    request.headers = { "content-type": "application/json" };
    request.body = JSON.stringify(body);
  }
  let response: Response;
  try {
    response = await fetch(path, request);
  } catch {
    throw new Refusal(AWAY);
  }
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok) return answer as T;
  throw new Refusal(isProblem(answer) ? answer : { ...AWAY, code: `http_${response.status}` });
}

function isProblem(answer: unknown): answer is Problem {
  return typeof answer === "object" && answer !== null && "code" in answer && "sentence" in answer && "retry" in answer;
}

const within = (room: string) => `/api/rooms/${encodeURIComponent(room)}`;

export const getMe = () => call<Me>("/api/me");
export const signOut = () => call<null>("/api/sign-out", undefined, "POST");
export const getNotice = () => call<Notice>("/api/notice");
export const getRooms = () => call<{ rooms: OpenRoom[] }>("/api/rooms").then((answer) => answer.rooms);
export const getRoom = (room: string) => call<RoomCard>(within(room));
/** `profile` null: as the server has it; `seniority` null: whichever. */
export const openRoom = (
  mode: Mode,
  length: number,
  startsAt: number | null = null,
  profile: Profile | null = null,
  seniority: Seniority | null = null,
) => call<{ room: string; url: string }>("/api/rooms", { mode, length, starts_at: startsAt, profile, seniority });
export const getTicket = (room: string, role: Role, name: string | null) =>
  call<IssuedTicket>(`${within(room)}/tickets`, name ? { role, name } : { role });
export const invite = (room: string, role: Role) => call<{ url: string }>(`${within(room)}/invitations`, { role });
/** Links of this role lead nowhere from now on, and whoever came in by one is out. */
export const withdrawInvitations = (room: string, role: Role) =>
  call<null>(`${within(room)}/invitations/${role}`, undefined, "DELETE");
export const getQuestions = (mode: Mode) =>
  call<{ questions: BankQuestion[] }>(`/api/questions?mode=${mode}`).then((answer) => answer.questions);
export const getReports = (before?: number) =>
  call<{ reports: ReportCard[] }>(`/api/reports${before ? `?before=${before}` : ""}`).then((answer) => answer.reports);
export const reportAddress = (room: string) => `/api/reports/${encodeURIComponent(room)}`;
export const getReport = (room: string) => call<KeptReport>(reportAddress(room)).then(whole);

type KeptTurn = Omit<Report["turns"][number], "overrides" | "shares"> & Partial<Report["turns"][number]>;
type KeptReport = Omit<Report, "turns"> & { turns: KeptTurn[] };

/** Reports that were kept before people could change a score lack a field; so do those told by a server of before. */
function whole(kept: KeptReport): Report {
  return { ...kept, turns: kept.turns.map((turn) => ({ overrides: [], shares: null, ...turn })) };
}

const review = (room: string) => `/api/reviews/${encodeURIComponent(room)}`;

/** Scores by dimension; null where a person cannot tell. */
export type Given = Partial<Record<Dimension, number | null>>;

export const getQueue = () => call<Queue>("/api/reviews").then((answer) => answer.waiting);
export const getSheet = (room: string) => call<Sheet>(review(room));
export const rate = (room: string, turn: number, scores: Given, note: string) =>
  call<SheetTurn>(`${review(room)}/turns/${turn}/rating`, { scores, note });
export const override = (room: string, turn: number, word: Word) =>
  call<SheetTurn>(`${review(room)}/turns/${turn}/overrides`, word);
export const getAgreements = () => call<Agreements>("/api/agreement").then((answer) => answer.dimensions);

export interface DeclaredGroup {
  room: string;
  group: string;
  candidate: string;
  word_error: number | null;
}
export const compareGroups = (rows: DeclaredGroup[], cut: number) => call<Found>("/api/fairness", { rows, cut });

/** A person's number for the machine's, with why, and what the person is called. */
export interface Word {
  dimension: Dimension;
  score: number;
  reason: string;
  name: string | null;
}

/** What processes mark with that must be the same everywhere and is not. */
export interface Difference {
  what: string;
  sentence: string;
  found: Record<string, string[]>;
}
export const getDifferences = () =>
  call<{ differences: Difference[] }>("/api/operations").then((answer) => answer.differences);
export const getLedger = () => call<Ledger>("/api/operations/turns");

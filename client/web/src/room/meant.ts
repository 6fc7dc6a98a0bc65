/**
 * Which question a wish is about.
 *
 * Decides that it is the one that the person sees: the wish may come to be offered to a log in which another one is asked
 * at that turn, and an answer to one is none to the other. The same as `client/mirror.py`.
 */
import type { Command, Room } from "../protocol";

/** Servers of versions before this one take no command that says so. */
export const MEANT_SINCE = 2;

type InTurn = Extract<Command, { turn: number }>;
type WithoutQuestion<C> = C extends InTurn ? Omit<C, "question"> : C;
/** A command as the page makes it: what it is about is added here. */
export type Wish = WithoutQuestion<Command>;

export function meant(wish: Wish, room: Room | null): Command {
  if (!("turn" in wish)) return wish;
  const said = (wish as Partial<InTurn>).question;
  return { ...wish, question: said ?? room?.turns[wish.turn - 1]?.question.text ?? null };
}

export function withoutQuestion(command: Command): Command {
  if (!("turn" in command)) return command;
  return { ...command, question: undefined } as unknown as Command; // which JSON leaves out
}

/**
 * What outlives a page: wishes that are not safe yet, and what is being written. In this browser, on this device.
 *
 * Decides where it lies, that two pages never overwrite each other's, and when it is thrown away: with the room's end, or
 * after a week. Never what is kept (`outbox`). A browser that keeps nothing costs a reload its words, and no more.
 */
import type { Command } from "../protocol";

/** A wish as it lies on the shelf. */
export interface Laid {
  readonly id: string;
  readonly command: Command;
  /** Who put it. */
  readonly by: string | null;
}

const PREFIX = "greenroom.kept.";
const WEEK_MS = 7 * 24 * 3600 * 1000;

/** One room's part of the shelf, for one role. */
export class Shelf {
  private last = 0;

  constructor(
    private readonly storage: Storage,
    private readonly room: string,
    private readonly role: string,
    private readonly now: () => number = Date.now,
  ) {
    this.throwAwayOld();
  }

  /** The wishes of earlier pages, in the order in which they were put. */
  wishes(): Laid[] {
    const laid = this.under(`wish.${this.role}.`).flatMap((key) => {
      const entry = this.read(key) as (Laid & { at: number }) | null;
      return entry?.id ? [entry] : [];
    });
    return laid.toSorted((a, b) => a.at - b.at);
  }

  put(wish: Laid): void {
    if (wish.command.kind === "open_microphone") return; // its frames go with the page
    this.last = Math.max(this.now(), this.last + 1); // one page's wishes keep their order within a millisecond
    this.write(`wish.${this.role}.${wish.id}`, { ...wish, at: this.last });
  }

  gone(id: string): void {
    this.storage.removeItem(this.key(`wish.${this.role}.${id}`));
  }

  /** Of a question, not only of its turn: a room that lost its end may ask another one there. */
  draft(turn: number, question: string): string {
    const entry = this.read(this.key(draftOf(turn, question))) as { text?: unknown } | null;
    return typeof entry?.text === "string" ? entry.text : "";
  }

  writeDraft(turn: number, question: string, text: string): void {
    if (text) this.write(draftOf(turn, question), { text, at: this.now() });
    else this.storage.removeItem(this.key(draftOf(turn, question)));
  }

  /** The interview is over and everything was answered: nothing of it stays here. */
  clear(): void {
    for (const key of this.under("")) this.storage.removeItem(key);
  }

  private key(name: string): string {
    return `${PREFIX}${this.room}.${name}`;
  }

  private under(name: string): string[] {
    return keysOf(this.storage).filter((key) => key.startsWith(this.key(name)));
  }

  private write(name: string, entry: object): void {
    try {
      this.storage.setItem(this.key(name), JSON.stringify(entry));
    } catch {
      // The browser's space is used up: this page still has it.
    }
  }

  private read(key: string): unknown {
    try {
      return JSON.parse(this.storage.getItem(key) ?? "null");
    } catch {
      return null;
    }
  }

  private throwAwayOld(): void {
    for (const key of keysOf(this.storage)) {
      if (!key.startsWith(PREFIX)) continue;
      const entry = this.read(key) as { at?: number } | null;
      if (!entry?.at || this.now() - entry.at > WEEK_MS) this.storage.removeItem(key);
    }
  }
}

function draftOf(turn: number, question: string): string {
  return `draft.${turn}.${question}`;
}

function keysOf(storage: Storage): string[] {
  return Array.from({ length: storage.length }, (_, n) => storage.key(n)).filter((key) => key !== null);
}

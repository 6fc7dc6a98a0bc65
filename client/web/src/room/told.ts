/**
 * What is told and not kept: guesses at words, who is speaking, running figures.
 *
 * Decides how long a telling holds: until a newer one of its kind, or the fact that settles it.
 */
import type { DeliverySoFar, Event, HearingTrouble, Partial, Room, SoundQuality, Tell } from "../protocol";

export interface Told {
  readonly partial: Partial | null;
  readonly speaking: boolean;
  readonly delivery: DeliverySoFar | null;
  /** How many typing notices came; the page shows one for a few seconds. */
  readonly typing: number;
  readonly trouble: HearingTrouble | null;
  /** What is wrong with the sound right now. */
  readonly sound: SoundQuality | null;
  /** The turn that hearing takes to be over, until somebody goes on speaking. */
  readonly ending: number | null;
}

export const NOTHING_TOLD: Told = {
  partial: null,
  speaking: false,
  delivery: null,
  typing: 0,
  trouble: null,
  sound: null,
  ending: null,
};

export function hear(told: Told, tell: Tell): Told {
  switch (tell.kind) {
    case "partial":
      return { ...told, partial: tell.stable || tell.unstable ? tell : null };
    case "speaking":
      return { ...told, speaking: tell.on };
    case "delivery_so_far":
      return { ...told, delivery: tell };
    case "is_typing":
      return { ...told, typing: told.typing + 1 };
    case "hearing_trouble":
      return { ...told, trouble: tell };
    case "sound_quality":
      return { ...told, sound: tell.flaws.length ? tell : null };
    case "turn_ending":
      return { ...told, ending: tell.on ? tell.turn : null };
  }
}

/**
 * Whether a fact that is known has settled this already. Facts go before what is told where a reader is slow, and a
 * process knows what it appended before it hears what was told just before.
 */
export function overtaken(tell: Tell, room: Room | null): boolean {
  const turn = tell.kind === "hearing_trouble" || tell.turn === null ? undefined : room?.turns[tell.turn - 1];
  if (!turn) return false;
  const written = tell.kind === "partial" && turn.utterances.some(({ id }) => id === tell.utterance);
  return written || turn.closed_ms !== null;
}

/** What still holds after a fact. */
export function settle(told: Told, event: Event): Told {
  if (event.kind === "turn_closed") return { ...NOTHING_TOLD, typing: told.typing };
  if (event.kind !== "utterance_heard") return told;
  return { ...told, partial: told.partial?.utterance === event.utterance.id ? null : told.partial, trouble: null };
}

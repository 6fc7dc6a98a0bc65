/**
 * The candidate's voice on its way: which frames of the kept ones go out, after what.
 *
 * Decides when a stream may flow, goes out again, or is opened again; never what is kept (`audio`).
 */
import type { Command, Encoding, Event } from "../protocol";
import { FRAME_MS, forget, isTorn, rewind, takeUnsent, withoutFlags } from "./audio";
import * as boxes from "./outbox";
import type { Outgoing } from "./outbox";
import type { Connection, Effect } from "./shape";

type Step = [Connection, Effect[]];

/** Servers of versions before this one take no frame that says it comes after a rest. */
const RESTS_SINCE = 2;

/** An announcement of a stream that was not answered. */
export function isStale({ command, version }: Outgoing): boolean {
  return command.kind === "open_microphone" && version === null;
}

/** Sends what the window allows, once the room knows this stream. */
export function flowing(now: Connection): Step {
  if (!now.microphone || now.stage !== "live" || now.room?.microphone?.stream !== now.microphone.stream)
    return [now, []];
  const [microphone, taken] = takeUnsent(now.microphone);
  const frames = now.spoken >= RESTS_SINCE ? taken : taken.map(withoutFlags);
  return frames.length ? [{ ...now, microphone }, [{ do: "play", frames }]] : [now, []];
}

/** The announcement of a stream, as a server of protocol 1 takes it too. */
export function opening(stream: string, encoding: Encoding): Command {
  const samples = { kind: "open_microphone", stream, sample_rate: 16_000 };
  return (encoding === "pcm16" ? samples : { ...samples, encoding }) as Command;
}

/** The log forgot our stream: it is opened again, ahead of everything else. */
export function reopened(now: Connection): Connection {
  const { microphone, room, outbox } = now;
  const known =
    !microphone || room?.microphone?.stream === microphone.stream || room?.closed_ms !== null || !room.consented;
  if (known || boxes.pending(outbox).some(isStale)) return now;
  const { stream } = microphone;
  const command = opening(stream, microphone.frameMs === FRAME_MS ? "pcm16" : "webm_opus");
  const anew = boxes.put(boxes.EMPTY, `${stream}.${now.story.cursor?.version ?? 0}`, command, now.you?.id ?? null);
  return { ...now, outbox: { ...outbox, wishes: [...anew.wishes, ...outbox.wishes] } };
}

/** On a new connection: everything behind what is safe goes out again. */
export function replayed(now: Connection, through: number | null): Step {
  if (!now.microphone) return [now, []];
  if (now.room?.consented === false) return [{ ...now, microphone: null }, []];
  if (now.room?.microphone?.stream !== now.microphone.stream) {
    return [{ ...now, microphone: rewind(now.microphone, null) }, []];
  }
  return isTorn(now.microphone, through)
    ? [{ ...now, microphone: null, lostVoice: true }, []]
    : flowing({ ...now, microphone: rewind(now.microphone, through) });
}

export function safe(now: Connection, stream: string, through: number | null, again: boolean): Step {
  if (now.microphone?.stream !== stream) return [now, []];
  const microphone = again ? rewind(now.microphone, through) : forget(now.microphone, through);
  return flowing({ ...now, microphone });
}

/** Who took consent back is not heard any more: what is kept of the voice goes too. */
export function unheard(now: Connection, event: Event): Connection {
  return event.kind === "consent_withdrawn" ? { ...now, microphone: null } : now;
}

/**
 * The candidate's numbered audio frames: packed for the wire, and kept until the server says that they are safe.
 *
 * Decides what is kept and what is to be sent next; never when it is sent or what it says.
 */
import { FRAME_VERSION, PIECE_VERSION, RESTED } from "../protocol";

/** Samples, or a piece of a recording. */
export type Sound = Int16Array | Uint8Array<ArrayBuffer>;

export const FRAME_MS = 40;
/** Of a recording, where samples cannot be had. */
export const PIECE_MS = 200;
/** Kept at most: five minutes, about 10 MB of samples. An outage longer than that costs its oldest words. */
export const KEPT_MS = 300_000;
/** On its way at most: the server lets go of what it cannot take, so more would be sent twice. */
export const WINDOW_MS = 8_000;

/** One microphone's stream, as far as it is kept here. */
export interface Ring {
  readonly stream: string;
  /** How long a frame is: of samples, or a piece of a recording. */
  readonly frameMs: number;
  /** The number of frames[0]. */
  readonly first: number;
  readonly frames: readonly Uint8Array<ArrayBuffer>[];
  /** The number of the next frame to send on this connection. */
  readonly unsent: number;
}

export function ring(stream: string, frameMs = FRAME_MS): Ring {
  return { stream, frameMs, first: 0, frames: [], unsent: 0 };
}

/** The number that the next frame gets. */
export function upcoming(kept: Ring): number {
  return kept.first + kept.frames.length;
}

/** With one more frame; the oldest goes when there are too many. */
export function push(kept: Ring, data: Sound, captureMs: number, rested = false): Ring {
  const frames = [...kept.frames, packFrame(upcoming(kept), captureMs, data, rested)];
  const lost = Math.max(0, frames.length - KEPT_MS / kept.frameMs);
  const first = kept.first + lost;
  return { ...kept, first, frames: lost ? frames.slice(lost) : frames, unsent: Math.max(kept.unsent, first) };
}

/** Without the frames up to `through`, which are safe. */
export function forget(kept: Ring, through: number | null): Ring {
  const gone = Math.min(through === null ? 0 : Math.max(0, through + 1 - kept.first), kept.frames.length);
  if (gone === 0) return kept;
  const first = kept.first + gone;
  return { ...kept, first, frames: kept.frames.slice(gone), unsent: Math.max(kept.unsent, first) };
}

/** To be sent again from behind `through`. */
export function rewind(kept: Ring, through: number | null): Ring {
  const safe = forget(kept, through);
  return { ...safe, unsent: safe.first };
}

/** Whether frames behind `through` are neither safe nor kept any more: this stream cannot go on. */
export function isTorn(kept: Ring, through: number | null): boolean {
  return kept.first > (through ?? -1) + 1;
}

/** What the window lets go out now, and the ring after it. */
export function takeUnsent(kept: Ring): [Ring, readonly Uint8Array<ArrayBuffer>[]] {
  const upto = Math.min(upcoming(kept), kept.first + WINDOW_MS / kept.frameMs);
  if (upto <= kept.unsent) return [kept, []];
  return [{ ...kept, unsent: upto }, kept.frames.slice(kept.unsent - kept.first, upto - kept.first)];
}

/** How much of the voice is not safe yet, in ms. */
export function unsafeMs(kept: Ring | null): number {
  return kept ? kept.frames.length * kept.frameMs : 0;
}

/** A frame as servers before protocol 2 take it. */
export function withoutFlags(frame: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (!frame[1]) return frame;
  const plain = frame.slice();
  plain[1] = 0;
  return plain;
}

/**
 * The binary message of rooms/protocol.py: u8 version, u8 flags, u16 0, u32 seq, u32 capture_ms (big-endian), samples.
 *
 * `rested`: what lies between it and the frame before was left out on purpose.
 */
export function packFrame(seq: number, captureMs: number, data: Sound, rested = false): Uint8Array<ArrayBuffer> {
  const samples = data instanceof Int16Array;
  const bytes = new Uint8Array(12 + data.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, samples ? FRAME_VERSION : PIECE_VERSION);
  view.setUint8(1, rested ? RESTED : 0);
  view.setUint32(4, seq);
  view.setUint32(8, captureMs);
  if (samples) data.forEach((sample, n) => view.setInt16(12 + 2 * n, sample, true));
  else bytes.set(data, 12);
  return bytes;
}

import { describe, expect, it } from "vitest";

import {
  forget,
  isTorn,
  FRAME_MS,
  KEPT_MS,
  packFrame,
  push,
  rewind,
  ring,
  takeUnsent,
  unsafeMs,
  upcoming,
  withoutFlags,
  WINDOW_MS,
  type Ring,
} from "./audio";

const KEPT_FRAMES = KEPT_MS / FRAME_MS;
const WINDOW_FRAMES = WINDOW_MS / FRAME_MS;
const PCM = new Int16Array([1, -2, 32_767]);

function filled(frames: number, from = ring("mic")): Ring {
  return Array.from({ length: frames }).reduce<Ring>((kept, _, n) => push(kept, PCM, n * 40), from);
}

const seqs = (frames: readonly Uint8Array[]) => frames.map((frame) => new DataView(frame.buffer).getUint32(4));

describe("a frame on the wire", () => {
  it("has the header of rooms/protocol.py and little-endian samples", () => {
    expect([...packFrame(258, 66_000, PCM)]).toEqual([1, 0, 0, 0, 0, 0, 1, 2, 0, 1, 1, 208, 1, 0, 254, 255, 255, 127]);
  });
});

describe("a piece of a recording on the wire", () => {
  it("has the same header with another version, and its bytes as they are", () => {
    const piece = new Uint8Array([9, 8, 7]);
    expect([...packFrame(258, 66_000, piece, true)]).toEqual([2, 1, 0, 0, 0, 0, 1, 2, 0, 1, 1, 208, 9, 8, 7]);
  });

  it("counts as long as it lasts", () => {
    expect(unsafeMs(push(ring("mic", 200), new Uint8Array([1]), 0))).toBe(200);
  });
});

it("a frame that comes after a rest says so, but not to servers that would not take it", () => {
  const frame = packFrame(0, 0, PCM, true);
  expect(frame[1]).toBe(1);
  expect([...withoutFlags(frame)]).toEqual([...packFrame(0, 0, PCM)]);
});

describe("the frames that are kept", () => {
  it("are numbered without gaps", () => {
    const [, frames] = takeUnsent(filled(3));
    expect(seqs(frames)).toEqual([0, 1, 2]);
  });

  it("go out once", () => {
    const [sent] = takeUnsent(filled(3));
    expect(takeUnsent(sent)[1]).toEqual([]);
    expect(seqs(takeUnsent(push(sent, PCM, 120))[1])).toEqual([3]);
  });

  it("are forgotten up to what is safe, and no further", () => {
    const kept = forget(filled(5), 2);
    expect([kept.first, upcoming(kept), unsafeMs(kept)]).toEqual([3, 5, 80]);
    expect(forget(kept, 1)).toBe(kept);
    expect(forget(kept, null)).toBe(kept);
  });

  it("go out again from behind what is safe", () => {
    const [sent] = takeUnsent(filled(5));
    expect(seqs(takeUnsent(rewind(sent, 1))[1])).toEqual([2, 3, 4]);
    expect(seqs(takeUnsent(rewind(sent, null))[1])).toEqual([0, 1, 2, 3, 4]);
  });

  it("never have more on their way than the window", () => {
    const [sent, first] = takeUnsent(filled(WINDOW_FRAMES + 50));
    expect(first).toHaveLength(WINDOW_FRAMES);
    expect(takeUnsent(sent)[1]).toEqual([]);
    expect(takeUnsent(forget(sent, 29))[1]).toHaveLength(30);
  });

  it("lose the oldest when an outage outlasts them, and know it", () => {
    const kept = filled(KEPT_FRAMES + 10);
    expect([kept.first, upcoming(kept)]).toEqual([10, KEPT_FRAMES + 10]);
    expect(isTorn(kept, 8)).toBe(true);
    expect(isTorn(kept, 9)).toBe(false);
    expect(isTorn(ring("mic"), null)).toBe(false);
  });
});

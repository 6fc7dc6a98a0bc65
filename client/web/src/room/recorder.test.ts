import { expect, it, vi } from "vitest";

import { MAX_PIECE_BYTES } from "../protocol";
import { parts, recording } from "./recorder";

class Recorder {
  static made: Recorder[] = [];
  state = "inactive";
  onerror: (() => void) | null = null;
  ondataavailable: unknown = null;
  constructor() {
    Recorder.made.push(this);
  }
  start = () => (this.state = "recording");
  pause = () => (this.state = "paused");
  stop = () => (this.state = "inactive");
}

class Context {
  createAnalyser = () => ({ fftSize: 32, getFloatTimeDomainData: () => undefined });
  createMediaStreamSource = () => ({ connect: () => undefined });
  close = () => Promise.resolve();
}

it("a recording that breaks off is a microphone that was lost; one that was over already is not", () => {
  vi.stubGlobal("MediaRecorder", Recorder);
  vi.stubGlobal("AudioContext", Context);
  const lost = vi.fn();
  const media = { getAudioTracks: () => [], getTracks: () => [] } as unknown as MediaStream;
  const microphone = recording(media, lost);
  microphone.begin();
  microphone.begin();
  const [before, now] = Recorder.made;
  before?.onerror?.();
  expect(lost).not.toHaveBeenCalled();
  now?.onerror?.();
  expect(lost).toHaveBeenCalledOnce();
  microphone.stop();
});

it("what was recorded while a page could not send is cut to what one message holds, and nothing of it is lost", () => {
  const bytes = new Uint8Array(2.5 * MAX_PIECE_BYTES).map((_, n) => n % 251);
  const cut = parts(bytes);
  expect(cut.map((part) => part.length + 12 <= MAX_PIECE_BYTES)).toEqual([true, true, true]);
  expect(cut.flatMap((part) => [...part])).toEqual([...bytes]);
  expect(parts(new Uint8Array())).toEqual([]);
});

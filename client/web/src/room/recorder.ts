/**
 * A microphone where the browser cannot hand out samples: its MediaRecorder's WebM and Opus, in numbered pieces.
 *
 * Decides how a recording is cut and when it rests; never what is done with the pieces (`audio`, `stream`).
 */
import { MAX_PIECE_BYTES } from "../protocol";
import { PIECE_MS } from "./audio";
import type { Heard, Microphone } from "./microphone";

const TYPE = "audio/webm;codecs=opus";
const BITS_PER_SECOND = 32_000;
const LEVEL_EVERY_MS = 40;
const HEADER_BYTES = 12;

/** Whether samples cannot be had here, or `?sound=opus` asks to do without. */
export function mustRecord(): boolean {
  return new URLSearchParams(location.search).get("sound") === "opus" || !("AudioWorkletNode" in window);
}

export function canRecord(): boolean {
  return "MediaRecorder" in window && MediaRecorder.isTypeSupported(TYPE);
}

export function recording(media: MediaStream, lost: () => void): Microphone {
  const listeners = new Set<(heard: Heard) => void>();
  const track = media.getAudioTracks()[0];
  const stopped = new AbortController();
  track?.addEventListener("ended", lost, { signal: stopped.signal });
  const [loudness, hush] = meter(media);
  const tell = (heard: Heard) => listeners.forEach((listener) => listener(heard));
  const timer = setInterval(
    () => tell({ data: null, atMs: nowMs(), loudness: loudness(), rested: false }),
    LEVEL_EVERY_MS,
  );
  const began = performance.now();
  let recorder: MediaRecorder | null = null;
  let listening = false;
  let stretchMs = 0;
  let rested = false;

  function nowMs(): number {
    return Math.round(performance.now() - began);
  }

  /** A new recording, whose first piece says what it is. */
  function begin(): void {
    end();
    const one = new MediaRecorder(media, { mimeType: TYPE, audioBitsPerSecond: BITS_PER_SECOND });
    recorder = one;
    [stretchMs, rested] = [nowMs(), false];
    let before = Promise.resolve();
    one.ondataavailable = ({ data }) => {
      const piece = { atMs: stretchMs, loudness: loudness(), rested };
      rested = false;
      before = before.then(async () => {
        const bytes = new Uint8Array(await data.arrayBuffer());
        if (recorder !== one) return;
        for (const part of parts(bytes)) tell({ ...piece, data: part });
      });
    };
    // What the device or the encoder breaks off says nothing else: the page offers the microphone anew, and typing.
    one.onerror = () => {
      if (recorder === one) lost();
    };
    one.start(PIECE_MS);
    if (!listening) one.pause();
  }

  function end(): void {
    if (recorder && recorder.state !== "inactive") recorder.stop();
    recorder = null;
  }

  return {
    label: track?.label ?? "",
    encoding: "webm_opus",
    nowMs,
    begin,
    listen: (on) => {
      if (on === listening) return;
      listening = on;
      if (recorder?.state === "recording" && !on) {
        recorder.requestData();
        recorder.pause();
      } else if (recorder?.state === "paused" && on) {
        [stretchMs, rested] = [nowMs(), true];
        recorder.resume();
      }
    },
    onFrame: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: () => {
      stopped.abort();
      clearInterval(timer);
      end();
      hush();
      media.getTracks().forEach((one) => one.stop());
    },
  };
}

/** What a page could not send for long comes at once; one message holds only so much. */
export function parts(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  const size = MAX_PIECE_BYTES - HEADER_BYTES;
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.slice(n * size, (n + 1) * size));
}

/** How loud it is, 0 to 1, and how to stop looking. */
function meter(media: MediaStream): [() => number, () => void] {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(media).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const loudness = () => {
    analyser.getFloatTimeDomainData(samples);
    return Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length);
  };
  return [loudness, () => void context.close()];
}

/**
 * The candidate's microphone: asks the browser for it, and hands on 40 ms frames with the time they were taken.
 *
 * Decides how a device's trouble is put to a person; never when the interview listens (`useEars`).
 */
import captureUrl from "./capture.worklet?worker&url";
import { FRAME_MS } from "./audio";
import type { Encoding } from "../protocol";
import type { Problem } from "./connection";
import { canRecord, mustRecord, recording } from "./recorder";

export interface Heard {
  /** Samples, or a piece of a recording; null: only how loud it is. */
  data: Int16Array | Uint8Array<ArrayBuffer> | null;
  /** When its first sample was taken, in ms of the microphone's own clock; of a recording, its stretch. */
  atMs: number;
  /** What lies between it and the piece before was left out on purpose. */
  rested: boolean;
  /** Root mean square, 0 to 1. */
  loudness: number;
}

export interface Microphone {
  readonly label: string;
  readonly encoding: Encoding;
  /** A new stream begins. */
  begin: () => void;
  /** Whether the room listens. A recording rests meanwhile; samples are just not taken. */
  listen: (on: boolean) => void;
  /** The microphone's own clock. */
  nowMs: () => number;
  onFrame: (listener: (heard: Heard) => void) => () => void;
  stop: () => void;
}

const RATE_HZ = 16_000;

/** Opens the microphone; throws what `explain` puts into words. `lost` is called if the device goes away. */
export async function openMicrophone(lost: () => void): Promise<Microphone> {
  if (!("mediaDevices" in navigator)) throw new DOMException("not a secure page", "SecurityError");
  if (mustRecord() && !canRecord()) throw new DOMException("neither samples nor recordings", "NotSupportedError");
  const media = await navigator.mediaDevices.getUserMedia({
    audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  });
  if (mustRecord()) return recording(media, lost);
  const [context, source] = await connected(media);
  await context.audioWorklet.addModule(captureUrl);
  const node = new AudioWorkletNode(context, "capture", { numberOfOutputs: 0, channelCount: 1 });
  source.connect(node);
  void context.resume();
  return listening(media, context, node, lost);
}

/** A context at 16 kHz where the browser can connect a microphone to one; else at its own rate (the worklet resamples). */
async function connected(media: MediaStream): Promise<[AudioContext, MediaStreamAudioSourceNode]> {
  const wanted = new AudioContext({ sampleRate: RATE_HZ });
  try {
    return [wanted, wanted.createMediaStreamSource(media)];
  } catch {
    await wanted.close();
    const given = new AudioContext();
    return [given, given.createMediaStreamSource(media)];
  }
}

function listening(media: MediaStream, context: AudioContext, node: AudioWorkletNode, lost: () => void): Microphone {
  const listeners = new Set<(heard: Heard) => void>();
  const track = media.getAudioTracks()[0];
  let clockMs = 0;
  let sleptAt: number | null = null;
  const stopped = new AbortController();
  const once = { signal: stopped.signal };
  track?.addEventListener("ended", lost, once);
  // After a reload some browsers let a context sleep until the page is touched.
  for (const touch of ["pointerdown", "keydown"]) window.addEventListener(touch, () => void context.resume(), once);
  context.onstatechange = () => {
    // A sleeping context counts no samples; what passed meanwhile is a gap in the microphone's time.
    if (context.state !== "running") sleptAt ??= performance.now();
    else if (sleptAt !== null) {
      clockMs += Math.round(performance.now() - sleptAt);
      sleptAt = null;
    }
  };
  node.port.onmessage = ({ data }: MessageEvent<{ pcm: Int16Array; loudness: number }>) => {
    const heard = { data: data.pcm, loudness: data.loudness, atMs: clockMs, rested: false };
    clockMs += FRAME_MS;
    listeners.forEach((listener) => listener(heard));
  };
  return {
    label: track?.label ?? "",
    encoding: "pcm16",
    begin: () => undefined,
    listen: () => undefined,
    nowMs: () => clockMs,
    onFrame: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: () => {
      stopped.abort();
      media.getTracks().forEach((one) => one.stop());
      void context.close();
    },
  };
}

const SENTENCES: Record<string, string> = {
  NotAllowedError:
    "Your browser keeps the microphone closed for this page. Allow it beside the address bar, then try again.",
  NotFoundError: "No microphone was found. Plug one in and try again.",
  NotReadableError: "Another program holds the microphone. Close it there and try again.",
  NotSupportedError: "This browser can hand out no sound that Greenroom understands. Type, or take another browser.",
  SecurityError:
    "Browsers give a microphone only to https pages and to localhost. Open this page under such an address.",
};

/** A device's trouble in words. Typing is always offered beside it. */
export function explain(error: unknown): Problem {
  const name = error instanceof DOMException ? error.name : "";
  const sentence =
    SENTENCES[name] ?? "The microphone could not be opened. Try again, or choose another in your browser.";
  return { code: name || "microphone_failed", sentence, retry: name !== "SecurityError" };
}

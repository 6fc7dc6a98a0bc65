/** On the audio thread: microphone samples in, 40 ms frames of 16 kHz 16-bit audio out, each with its loudness. */
import { Resampler, toPcm16 } from "./resample";

declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

const RATE_HZ = 16_000;
const FRAME_SAMPLES = 640;

class Capture extends AudioWorkletProcessor {
  private readonly resampler = new Resampler(sampleRate, RATE_HZ);
  private readonly frame = new Float32Array(FRAME_SAMPLES);
  private filled = 0;

  process(inputs: Float32Array[][]): boolean {
    const channel = inputs[0]?.[0];
    if (channel) for (const sample of this.resampler.push(channel)) this.take(sample);
    return true;
  }

  private take(sample: number): void {
    this.frame[this.filled++] = sample;
    if (this.filled < FRAME_SAMPLES) return;
    this.filled = 0;
    const loudness = Math.sqrt(this.frame.reduce((sum, one) => sum + one * one, 0) / FRAME_SAMPLES);
    const pcm = toPcm16(this.frame);
    this.port.postMessage({ pcm, loudness }, [pcm.buffer]);
  }
}

registerProcessor("capture", Capture);

/** Brings audio down to another sample rate, piece by piece, with a windowed-sinc low-pass so that nothing folds back. */
const ZERO_CROSSINGS = 16;

export class Resampler {
  private readonly ratio: number;
  private readonly cutoff: number;
  private readonly reach: number;
  private held: Float32Array = new Float32Array(0);
  /** Where the next output sample lies, in input samples from the start of `held`. */
  private position: number;

  constructor(fromHz: number, toHz: number) {
    this.ratio = fromHz / toHz;
    this.cutoff = Math.min(1, toHz / fromHz);
    this.reach = Math.ceil(ZERO_CROSSINGS / this.cutoff);
    this.position = 0;
  }

  /** The output samples that the input so far allows; the rest waits for the next piece. */
  push(piece: Float32Array): Float32Array {
    if (this.ratio === 1) return piece;
    const input = new Float32Array(this.held.length + piece.length);
    input.set(this.held);
    input.set(piece, this.held.length);
    const output: number[] = [];
    for (; this.position + this.reach < input.length; this.position += this.ratio) output.push(this.at(input));
    const spent = Math.max(0, Math.floor(this.position) - this.reach);
    this.held = input.slice(spent);
    this.position -= spent;
    return Float32Array.from(output);
  }

  private at(input: Float32Array): number {
    let sum = 0;
    const first = Math.max(0, Math.ceil(this.position - this.reach));
    const last = Math.floor(this.position + this.reach);
    for (let n = first; n <= last; n++) sum += (input[n] ?? 0) * this.kernel(n - this.position);
    return sum;
  }

  private kernel(distance: number): number {
    const x = distance * this.cutoff * Math.PI;
    const hann = 0.5 + 0.5 * Math.cos((Math.PI * distance) / this.reach);
    return this.cutoff * hann * (x === 0 ? 1 : Math.sin(x) / x);
  }
}

/** Samples from -1 to 1 as signed 16-bit ones. */
export function toPcm16(samples: Float32Array): Int16Array<ArrayBuffer> {
  return Int16Array.from(samples, (sample) => Math.round(Math.max(-1, Math.min(1, sample)) * 32_767));
}

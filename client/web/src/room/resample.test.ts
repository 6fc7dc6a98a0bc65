import { describe, expect, it } from "vitest";

import { Resampler, toPcm16 } from "./resample";

function tone(hz: number, rateHz: number, seconds = 1): Float32Array {
  return Float32Array.from({ length: rateHz * seconds }, (_, n) => Math.sin((2 * Math.PI * hz * n) / rateHz));
}

function resampled(input: Float32Array, fromHz: number, piece = 128): Float32Array {
  const resampler = new Resampler(fromHz, 16_000);
  const output: number[] = [];
  for (let at = 0; at < input.length; at += piece) output.push(...resampler.push(input.slice(at, at + piece)));
  return Float32Array.from(output);
}

const loudness = (samples: Float32Array) =>
  Math.sqrt(samples.slice(200).reduce((sum, one) => sum + one * one, 0) / (samples.length - 200));

describe.each([44_100, 48_000])("audio at %i Hz", (rateHz) => {
  it("keeps its length and its voice", () => {
    const output = resampled(tone(1_000, rateHz), rateHz);
    expect(Math.abs(output.length - 16_000)).toBeLessThan(40);
    const expected = tone(1_000, 16_000).slice(0, output.length);
    const apart = Math.max(...output.slice(200).map((sample, n) => Math.abs(sample - (expected[n + 200] ?? 0))));
    expect(apart).toBeLessThan(0.01);
  });

  it("loses what 16 kHz cannot hold, instead of folding it back", () => {
    expect(loudness(resampled(tone(10_000, rateHz), rateHz))).toBeLessThan(0.01);
  });

  it("is the same in pieces of any size", () => {
    const input = tone(700, rateHz, 0.2);
    const whole = resampled(input, rateHz, input.length);
    const pieces = resampled(input, rateHz, 128);
    expect(Math.max(...pieces.map((sample, n) => Math.abs(sample - (whole[n] ?? 1))))).toBeLessThan(1e-6);
  });
});

it("leaves audio at 16 kHz alone", () => {
  const input = tone(440, 16_000, 0.1);
  expect(resampled(input, 16_000)).toEqual(input);
});

it("makes 16-bit samples and never wraps around", () => {
  expect([...toPcm16(new Float32Array([0, 0.5, 1, 2, -1, -2]))]).toEqual([0, 16_384, 32_767, 32_767, -32_767, -32_767]);
});

import { expect, it } from "vitest";

import { MAX_PIECE_BYTES } from "../protocol";
import { parts } from "./recorder";

it("what was recorded while a page could not send is cut to what one message holds, and nothing of it is lost", () => {
  const bytes = new Uint8Array(2.5 * MAX_PIECE_BYTES).map((_, n) => n % 251);
  const cut = parts(bytes);
  expect(cut.map((part) => part.length + 12 <= MAX_PIECE_BYTES)).toEqual([true, true, true]);
  expect(cut.flatMap((part) => [...part])).toEqual([...bytes]);
  expect(parts(new Uint8Array())).toEqual([]);
});

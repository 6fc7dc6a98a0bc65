/** Words of an answer as they come: firm ones upright, tentative ones slanted and dotted under, so that nobody needs colour. */
import type { ReactNode } from "react";

import type { AudioQuality, Partial, Utterance } from "../protocol";
import { seconds, SOUNDS } from "../words";
import { PenIcon } from "./icons";
import "./transcript.css";

export interface Highlight {
  utterance: string;
  text: string;
  /** When it was said: tells two places with the same words apart. */
  start_ms: number;
}

export function Transcript(props: { utterances: Utterance[]; partial?: Partial | null; highlights?: Highlight[] }) {
  const { utterances, partial, highlights = [] } = props;
  return (
    <div className="transcript">
      {utterances.map((utterance) => (
        <p key={utterance.id} className={`utterance utterance--${utterance.source}`}>
          {utterance.source === "typed" && (
            <span className="utterance__how" title="typed">
              <PenIcon />
              <span className="unseen">Typed: </span>
            </span>
          )}
          {marked(utterance, highlights)}
          {utterance.audio && utterance.audio.flaws.length > 0 && (
            <span className="utterance__sound small">{soundOf(utterance.audio)}</span>
          )}
        </p>
      ))}
      {partial && (
        <p className="utterance">
          {partial.stable}
          {partial.stable && partial.unstable && " "}
          {partial.unstable && <span className="tentative">{partial.unstable}</span>}
        </p>
      )}
    </div>
  );
}

/** How it arrived, where that was not well. */
function soundOf({ flaws, lost_ms }: AudioQuality): string {
  const words = flaws.map((flaw) => (flaw === "gaps" ? `${seconds(lost_ms)} missing` : SOUNDS[flaw]));
  return `Sound: ${words.join(", ")}. Less sure, never marked down.`;
}

/** The text with the highlighted quotes set off. Quotes are exact pieces of the text; those that overlap are one piece. */
function marked(utterance: Utterance, highlights: Highlight[]): ReactNode {
  const pieces: ReactNode[] = [];
  let at = 0;
  for (const [start, end] of spans(utterance, highlights)) {
    pieces.push(utterance.text.slice(at, start), <mark key={start}>{utterance.text.slice(start, end)}</mark>);
    at = end;
  }
  return [...pieces, utterance.text.slice(at)];
}

/** Where the quotes begin and end, in order and apart from each other. */
function spans(utterance: Utterance, highlights: Highlight[]): [start: number, end: number][] {
  const apart: [number, number][] = [];
  const found = highlights
    .filter((one) => one.utterance === utterance.id)
    .map((one) => [placeOf(utterance, one), one.text.length] as const)
    .filter(([start]) => start >= 0)
    .toSorted(([a], [b]) => a - b);
  for (const [start, length] of found) {
    const last = apart.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], start + length);
    else apart.push([start, start + length]);
  }
  return apart;
}

/** Where in the text a quote begins, or -1. The text of a spoken utterance is its words joined by single spaces. */
function placeOf({ words, text }: Utterance, quote: Highlight): number {
  let at = 0;
  for (const word of words) {
    if (word.start_ms === quote.start_ms && text.startsWith(quote.text, at)) return at;
    at += word.text.length + 1;
  }
  return text.indexOf(quote.text);
}

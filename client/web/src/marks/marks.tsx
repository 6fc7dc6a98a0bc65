/** The marks of an answer: each level with the exact words it rests on. Pointing at one shows its words in the transcript. */
import type { Level, Mark, Quote } from "../protocol";
import type { Highlight } from "../parts/transcript";
import { clock } from "../words";

const LEVELS: Record<Level, { sign: string; word: string }> = {
  present: { sign: "●", word: "Present" },
  partial: { sign: "◐", word: "Partly" },
  absent: { sign: "○", word: "Not heard" },
};

interface Props {
  marks: readonly Mark[];
  point: (at: Highlight[]) => void;
}

export function Marks({ marks, point }: Props) {
  if (!marks.length) return null;
  const unheard = marks.filter(({ level, quotes }) => level === "absent" && quotes.length === 0);
  const alike = unheard.every(({ reason }) => reason === unheard[0]?.reason); // said once by the level, not for each
  return (
    <ul className="marks">
      {marks.map((mark) => (
        <li key={mark.point} className={`mark mark--${mark.level}`}>
          <span className="mark__level">
            <span aria-hidden="true">{LEVELS[mark.level].sign}</span> {LEVELS[mark.level].word}
          </span>
          <div className="mark__words">
            <p className="mark__criterion">{mark.criterion}</p>
            {mark.quotes.map((quote) => (
              <QuoteButton key={`${quote.utterance}${quote.start_ms}${quote.text}`} quote={quote} point={point} />
            ))}
            {!(alike && unheard.includes(mark)) && <p className="soft small">{mark.reason}</p>}
          </div>
        </li>
      ))}
    </ul>
  );
}

export function QuoteButton({ quote, point }: { quote: Quote; point: (at: Highlight[]) => void }) {
  const show = () => point([quote]);
  const hide = () => point([]);
  return (
    <button
      type="button"
      className="quote"
      onMouseEnter={show}
      onMouseLeave={hide}
      onFocus={show}
      onBlur={hide}
      onClick={show}
    >
      <span className="quote__time numbers">{clock(quote.start_ms)}</span> <q>{quote.text}</q>
      <span className="unseen"> (shown in the transcript)</span>
    </button>
  );
}

/** The marks of an answer: each level with the exact words it rests on. Pointing at one shows its words in the transcript. */
import type { Level, Mark, Quote } from "../protocol";
import type { Highlight } from "../parts/transcript";
import { clock } from "../words";

const LEVELS: Record<Level, { sign: string; word: string }> = {
  present: { sign: "●", word: "Present" },
  partial: { sign: "◐", word: "Partly" },
  absent: { sign: "○", word: "Not said" },
};

interface Props {
  marks: readonly Mark[];
  point: (at: Highlight[]) => void;
  /** What each point counts against the others; none where nobody knows. */
  weights?: Readonly<Record<string, number>>;
}

export function Marks({ marks, point, weights = {} }: Props) {
  if (!marks.length) return null;
  const unsaid = marks.filter(({ level, quotes }) => level === "absent" && quotes.length === 0);
  const alike = unsaid.every(({ reason }) => reason === unsaid[0]?.reason); // said once by the level, not for each
  const total = marks.reduce((sum, mark) => sum + (weights[mark.point] ?? NaN), 0);
  return (
    <ul className="marks" aria-label="What a strong answer has">
      {marks.map((mark) => (
        <li key={mark.point} className={`mark mark--${mark.level}`}>
          <span className="mark__level">
            <span aria-hidden="true">{LEVELS[mark.level].sign}</span> {LEVELS[mark.level].word}
          </span>
          <div className="mark__words">
            <p className="mark__criterion">
              {mark.criterion}
              {total > 0 && (
                <span className="soft small numbers">
                  {" "}
                  counts {weights[mark.point]} of {total}
                </span>
              )}
            </p>
            {mark.level === "absent" && mark.quotes.length > 0 && <p className="soft small">The nearest words:</p>}
            <Quotes quotes={mark.quotes} point={point} />
            {!(alike && unsaid.includes(mark)) && !onlyQuotes(mark) && <p className="soft small">{mark.reason}</p>}
          </div>
        </li>
      ))}
    </ul>
  );
}

/** Whether a reason says again what stands there as a quote. */
function onlyQuotes({ reason, quotes }: Mark): boolean {
  return quotes.some(({ text }) => reason.includes(text));
}

export function Quotes({ quotes, point }: { quotes: readonly Quote[] } & Pick<Props, "point">) {
  return quotes.map((quote) => (
    <QuoteButton key={`${quote.utterance}${quote.start_ms}${quote.text}`} quote={quote} point={point} />
  ));
}

function QuoteButton({ quote, point }: { quote: Quote } & Pick<Props, "point">) {
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

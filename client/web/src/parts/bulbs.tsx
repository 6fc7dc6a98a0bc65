import "./bulbs.css";

/** How far the interview is: a row of lamps, as round a dressing-room mirror. */
export function Bulbs({ done, asked, length }: { done: number; asked: number; length: number }) {
  const all = Math.max(length, asked);
  return (
    <div className="bulbs">
      <span className="bulbs__row" aria-hidden="true">
        {Array.from({ length: all }, (_, n) => (
          <span key={n} className={n < done ? "bulb bulb--done" : n < asked ? "bulb bulb--now" : "bulb"} />
        ))}
      </span>
      <span className="numbers">{asked === 0 ? `${all} questions` : `Question ${asked} of ${all}`}</span>
    </div>
  );
}

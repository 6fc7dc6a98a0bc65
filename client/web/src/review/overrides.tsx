/** What people changed, with before, after, who and why: nobody's number is changed in silence. */
import type { Override } from "../report";
import { day, DIMENSIONS, points } from "../words";

export function Overrides({ overrides }: { overrides: readonly Override[] }) {
  if (!overrides.length) return null;
  return (
    <ul className="overrides" aria-label="Changed by a person">
      {overrides.map((one) => (
        <li key={`${one.dimension}${one.at}`} className="overrides__one small">
          <strong>
            {DIMENSIONS[one.dimension]}: {one.before === null ? "no score" : points(one.before)} → {points(one.after)}
          </strong>{" "}
          {one.reason}{" "}
          <span className="soft">
            {one.name}, {day(one.at)}
          </span>
        </li>
      ))}
    </ul>
  );
}

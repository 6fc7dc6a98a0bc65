/** How the score of an answer comes of its six sides: each by its share, so that anybody can add it up. */
import type { Dimension, DimensionScore, Score } from "../protocol";
import { DIMENSIONS, points } from "../words";
import "./marks.css";

interface Props {
  score: Pick<Score, "overall" | "dimensions">;
  /** What each side counts; null where nobody knows any more. */
  shares: Readonly<Partial<Record<Dimension, number>>> | null;
}

export function Sum({ score: { overall, dimensions }, shares }: Props) {
  if (overall === null || shares === null) return null;
  const parts = dimensions.flatMap((one) => part(one, shares));
  if (parts.length === 1) {
    return (
      <p className="soft small">
        Held against its model answer: {parts[0]?.name.toLowerCase()} is the whole score, the other sides count nothing.
      </p>
    );
  }
  const together = parts.reduce((sum, { adds }) => sum + adds, 0);
  return (
    <details>
      <summary className="soft small">How the score came to {points(overall)}</summary>
      <table className="parts">
        <caption className="unseen">Each side, its share, and what it adds to the score</caption>
        <tbody>
          {parts.map(({ name, score, share, adds }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td className="numbers">
                {points(score)} × {percent(share)}
              </td>
              <td className="numbers">{adds.toFixed(3)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">Score</th>
            <td className="numbers">{together.toFixed(3)}, shown as</td>
            <td className="numbers">{points(overall)}</td>
          </tr>
        </tfoot>
      </table>
    </details>
  );
}

/** A side that counts; a side that counts nothing is none. */
function part({ dimension, score }: DimensionScore, shares: Readonly<Partial<Record<Dimension, number>>>) {
  const share = shares[dimension] ?? 0;
  return score === null || share === 0 ? [] : [{ name: DIMENSIONS[dimension], score, share, adds: score * share }];
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10}%`;
}

/** How an answer was spoken. Always apart from the scores, and labelled as coaching. */
import type { Delivery } from "../protocol";
import type { Highlight } from "../parts/transcript";
import { seconds } from "../words";
import { Quotes } from "./marks";

const LONG_PAUSE_MS = 2_000;

export function Figures({ figures }: { figures: readonly (readonly [name: string, value: string, aside?: string])[] }) {
  return (
    <dl className="figures">
      {figures.map(([name, value, aside]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="numbers">
            {value} {aside && <span className="soft small">{aside}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Sentences begun again, as a figure. */
export function begunAgain(times: number): readonly [string, string, string] {
  return ["Begun again", `${times}`, times === 1 ? "sentence" : "sentences"];
}

export function DeliveryFigures({ delivery, point }: { delivery: Delivery; point: (at: Highlight[]) => void }) {
  const { pauses, fillers, repairs } = delivery;
  const long = pauses.filter((pause) => pause.end_ms - pause.start_ms >= LONG_PAUSE_MS).length;
  if (delivery.words_per_minute === null) return <p className="soft small">Typed: there is no speech to measure.</p>;
  return (
    <>
      <Figures
        figures={[
          ["Pace", `${Math.round(delivery.words_per_minute)}`, "words a minute"],
          [
            "Fillers",
            `${fillers.length}`,
            delivery.fillers_per_minute === null ? "" : `${delivery.fillers_per_minute.toFixed(1)} a minute`,
          ],
          ["Pauses", `${pauses.length}`, long ? `${long} longer than 2 s` : ""],
          begunAgain(repairs.length),
          ["Thinking first", delivery.thinking_ms === null ? "–" : seconds(delivery.thinking_ms)],
        ]}
      />
      {repairs.length > 0 && (
        <div className="begun-again">
          <p className="soft small">Began a sentence again:</p>
          <Quotes quotes={repairs} point={point} />
        </div>
      )}
    </>
  );
}

/** How an answer was spoken. Always apart from the scores, and labelled as coaching. */
import type { Delivery } from "../protocol";
import { seconds } from "../words";

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

export function DeliveryFigures({ delivery }: { delivery: Delivery }) {
  const long = delivery.pauses.filter((pause) => pause.end_ms - pause.start_ms >= LONG_PAUSE_MS).length;
  if (delivery.words_per_minute === null) return <p className="soft small">Typed: there is no speech to measure.</p>;
  return (
    <Figures
      figures={[
        ["Pace", `${Math.round(delivery.words_per_minute)}`, "words a minute"],
        [
          "Fillers",
          `${delivery.fillers.length}`,
          delivery.fillers_per_minute === null ? "" : `${delivery.fillers_per_minute.toFixed(1)} a minute`,
        ],
        ["Pauses", `${delivery.pauses.length}`, long ? `${long} longer than 2 s` : ""],
        ["Thinking first", delivery.thinking_ms === null ? "–" : seconds(delivery.thinking_ms)],
      ]}
    />
  );
}

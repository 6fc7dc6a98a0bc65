/** What a coach has at hand: panels beside the answers, or on a narrow screen one at a time above a bar of their names. */
import { useId, useState, type ReactNode } from "react";

export interface Hand {
  name: string;
  title: string;
  panel: ReactNode;
}

export function Hands({ hands }: { hands: Hand[] }) {
  const [shown, show] = useState<string | null>(null);
  const id = useId();
  return (
    <aside className="desk__side" aria-label="At hand">
      <div className="hands">
        {hands.map(({ name }) => (
          <button
            key={name}
            type="button"
            className="hand"
            aria-expanded={name === shown}
            aria-controls={`${id}${name}`}
            onClick={() => show(name === shown ? null : name)}
          >
            {name}
          </button>
        ))}
      </div>
      {hands.map(({ name, title, panel }) => (
        <section
          key={name}
          id={`${id}${name}`}
          className={name === shown ? "card panel panel--shown" : "card panel"}
          aria-label={title}
        >
          <h2 className="panel__title">{title}</h2>
          {panel}
        </section>
      ))}
    </aside>
  );
}

/** All answers together: how ready, what was shown, what does not fit, how even, how they grew. Each with its words. */
import type { Competence, Condition, Contradiction, Interview, Reach, Ready, Said } from "../report";
import { clock } from "../words";

const LEVELS: Record<Ready, string> = { not_yet: "Not yet ready", nearly: "Nearly ready", ready: "Ready" };
const REACHES: Record<Reach, string> = {
  shown: "shown",
  touched: "touched on",
  not_shown: "not shown",
  unknown: "asked for, too little said to tell",
  not_asked: "not asked for",
};

export function Whole({ interview }: { interview: Interview }) {
  const { readiness, competences, contradictions, consistency, growth } = interview;
  return (
    <section className="card stack" aria-labelledby="whole">
      <h2 id="whole">All answers together</h2>
      <p>
        <strong>{readiness.level ? LEVELS[readiness.level] : "How ready: not said"}</strong>{" "}
        <span className="soft small">{readiness.abstained ?? "by a rule that counts what was said, not how."}</span>
      </p>
      {readiness.conditions.length > 0 && <Rule conditions={readiness.conditions} version={readiness.rule} />}
      {contradictions.length > 0 && <Unfitting contradictions={contradictions} />}
      {competences.length > 0 && <Competences competences={competences} />}
      {[consistency, growth].map(
        (one) =>
          one && (
            <div key={one.sentence}>
              <p>{one.sentence}</p>
              <Words said={one.said} />
            </div>
          ),
      )}
    </section>
  );
}

function Rule({ conditions, version }: { conditions: Condition[]; version: string }) {
  const levels = [...new Set(conditions.map((one) => one.level))];
  return (
    <details>
      <summary className="soft small">The rule, line by line (version {version})</summary>
      {levels.map((level) => (
        <div key={level} className="stack">
          <h3>{LEVELS[level]}</h3>
          <ul className="advice">
            {conditions
              .filter((one) => one.level === level)
              .map((one) => (
                <li key={one.sentence}>
                  <p>
                    {one.met ? "Holds" : "Does not hold"}: {one.sentence}
                  </p>
                  <Words said={one.said} />
                </li>
              ))}
          </ul>
        </div>
      ))}
    </details>
  );
}

function Unfitting({ contradictions }: { contradictions: Contradiction[] }) {
  return (
    <div className="stack">
      <h3>Worth asking about</h3>
      <p className="soft small">These do not seem to fit together. There may be a good reason: ask.</p>
      <ul className="advice">
        {contradictions.map((one) => (
          <li key={`${one.first.turn}${one.second.turn}${one.about}`}>
            <p className="advice__text">{one.about}</p>
            <Words said={[one.first, one.second]} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Competences({ competences }: { competences: Competence[] }) {
  return (
    <div className="stack">
      <h3>Competences</h3>
      <ul className="advice">
        {competences.map((one) => (
          <li key={one.name}>
            <p>
              <strong>{one.name}</strong>: {REACHES[one.reach]}
            </p>
            <Words said={one.said} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Words({ said }: { said: Said[] }) {
  return said.map(({ turn, quote }) => (
    <p key={`${turn}${quote.start_ms}${quote.text}`}>
      <q className="advice__quote">{quote.text}</q>{" "}
      <span className="soft small numbers">
        {clock(quote.start_ms)} <a href={`#turn-${turn}`}>Question {turn}</a>
      </span>
    </p>
  ));
}

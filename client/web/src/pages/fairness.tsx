import { useState } from "react";

import { compareGroups, problemOf } from "../api";
import { Frame } from "../parts/frame";
import { TroubleLine } from "../parts/trouble";
import type { Found, GroupFigures } from "../report";
import { groupsIn, groupsOut } from "../review/groups";
import { count } from "../words";
import "./home.css";
import "./review.css";

/** Do groups that people declared fare alike? The groups come from a file and are kept nowhere. */
export function Fairness() {
  const [cut, setCut] = useState(3);
  const [text, setText] = useState<string | null>(null);
  const [found, setFound] = useState<Found | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);

  async function compare(given: string) {
    setFound(null);
    const rows = groupsIn(given);
    if (typeof rows === "string") {
      setWrong(rows);
      return;
    }
    try {
      setFound(await compareGroups(rows, cut));
      setWrong(null);
    } catch (error) {
      setWrong(problemOf(error).sentence);
    }
  }

  return (
    <Frame wide title="Fairness">
      <div className="stack stack--wide">
        <header className="stack">
          <h1>Do groups fare alike?</h1>
          <p className="lead">
            A CSV with the columns room and group, as people declared it themselves; candidate and word_error if you
            have them. It is used for this page and kept nowhere; no scorer sees it.
          </p>
        </header>
        <form
          className="row"
          onSubmit={(event) => {
            event.preventDefault();
            if (text !== null) void compare(text);
          }}
        >
          <label>
            Groups (CSV){" "}
            <input
              type="file"
              accept=".csv,text/csv"
              onChange={(event) => {
                const file = event.target.files?.[0];
                setText(null);
                if (file) read(file, setText);
              }}
            />
          </label>
          <label>
            Passed from{" "}
            <input
              type="number"
              required
              min={0}
              max={5}
              step={0.5}
              value={Number.isNaN(cut) ? "" : cut}
              onChange={(event) => {
                setCut(event.target.valueAsNumber);
              }}
            />
          </label>
          <button type="submit" className="button button--main" disabled={text === null}>
            Compare
          </button>
        </form>
        {wrong && <TroubleLine sentence={wrong} />}
        <p role="status" className={found?.fairness.groups.length === 0 ? "soft" : "unseen"}>
          {found && told(found)}
        </p>
        {found && <Groups found={found} />}
      </div>
    </Frame>
  );
}

/** Also for those who do not see that a table appeared. */
function told({ fairness, unknown }: Found): string {
  if (!fairness.groups.length) return "None of these rooms is yours and has a report.";
  const below = fairness.groups.filter((one) => one.adverse).map((one) => one.group);
  return [
    `${count(fairness.groups.length, "group")} compared.`,
    below.length ? `Below four fifths: ${below.join(", ")}.` : "None is below four fifths.",
    unknown.length > 0 && `${count(unknown.length, "room")} not counted.`,
  ]
    .filter(Boolean)
    .join(" ");
}

function read(file: File, then: (text: string) => void) {
  const reader = new FileReader();
  reader.onload = () => {
    if (typeof reader.result === "string") then(reader.result);
  };
  reader.readAsText(file);
}

function Groups({ found }: { found: Found }) {
  const { groups, notes } = found.fairness;
  if (!groups.length) return null;
  return (
    <div className="stack">
      <h2 id="groups">By group</h2>
      <ul className="stack">
        {notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
        {found.unknown.length > 0 && <li>Not counted, not yours or without a report: {found.unknown.join(", ")}.</li>}
      </ul>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard */}
      <div className="scroll" role="region" aria-labelledby="groups" tabIndex={0}>
        <table className="agreement numbers">
          <thead>
            <tr>
              <td />
              <th scope="col">People</th>
              <th scope="col">Mean</th>
              <th scope="col">SMD</th>
              <th scope="col">Passed</th>
              <th scope="col">Impact ratio</th>
              <th scope="col">Correlation gap</th>
              <th scope="col">Word error</th>
              <th scope="col">Without a score</th>
            </tr>
          </thead>
          <tbody>
            {groups.map((one) => (
              <Row key={one.group} one={one} />
            ))}
          </tbody>
        </table>
      </div>
      <p>
        <a
          className="button"
          download="fairness.csv"
          href={`data:text/csv;charset=utf-8,${encodeURIComponent(groupsOut(groups))}`}
        >
          All figures as CSV
        </a>
      </p>
    </div>
  );
}

function Row({ one }: { one: GroupFigures }) {
  const marks = [
    one.withheld ? "too few to tell" : one.small && "small",
    one.reference && "compared with",
    one.adverse && "below four fifths",
  ].filter(Boolean);
  return (
    <tr>
      <th scope="row">
        {one.group} {marks.length > 0 && <span className="soft small">({marks.join(", ")})</span>}
      </th>
      <td>{one.people}</td>
      <td>{figure(one.mean)}</td>
      <td>{figure(one.distance)}</td>
      <td>{figure(one.rate)}</td>
      <td>{figure(one.impact_ratio)}</td>
      <td>{figure(one.correlation_gap)}</td>
      <td>{figure(one.word_error)}</td>
      <td>{figure(one.abstention)}</td>
    </tr>
  );
}

function figure(value: number | null): string {
  return value === null ? "–" : value.toFixed(2);
}

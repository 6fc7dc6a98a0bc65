import { useCallback } from "react";

import { getSheet } from "../api";
import { Frame } from "../parts/frame";
import { Link } from "../parts/link";
import { Caution, Trouble } from "../parts/trouble";
import { useAnswer } from "../parts/useAnswer";
import type { Mode } from "../protocol";
import type { Sheet } from "../report";
import { ReviewTurn } from "../review/turn";
import { day, MODES } from "../words";
import "./report.css";
import "./review.css";

const ASK_AGAIN_MS = 1_500;

/** A finished interview to rate: each answer blind, then beside the machine's marks. */
export function Review({ room }: { room: string }) {
  const ask = useCallback(() => getSheet(room), [room]);
  const { answer: sheet, problem, again } = useAnswer(ask, ASK_AGAIN_MS);
  return (
    <Frame wide title="Review">
      {sheet ? (
        <Whole sheet={sheet} />
      ) : problem ? (
        <Trouble problem={problem} {...(problem.retry && { again })} />
      ) : (
        <p className="soft">Fetching the answers…</p>
      )}
    </Frame>
  );
}

function Whole({ sheet }: { sheet: Sheet }) {
  const name = sheet.mode in MODES ? MODES[sheet.mode as Mode].name : sheet.mode;
  return (
    <div className="report">
      <header className="stack">
        <p className="eyebrow">{day(sheet.opened_at)}</p>
        <h1>Review of a {name.toLowerCase()} interview</h1>
        <p className="lead">
          Rate each answer before you see what the machine made of it. Then both stand side by side, and you can put
          your number in the place of the machine’s.
        </p>
        <p>
          <Link to={`/reports/${sheet.room}`}>The report</Link>{" "}
          <span className="soft small">shows all marks at once: whoever opens it rates blind no more.</span>
        </p>
      </header>
      {sheet.own && <Caution>This is your own interview. Your ratings are kept, and counted in no agreement.</Caution>}
      {sheet.turns.map((turn) => (
        <ReviewTurn key={turn.number} room={sheet.room} dimensions={sheet.dimensions} turn={turn} />
      ))}
    </div>
  );
}

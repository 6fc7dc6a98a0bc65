/** What went wrong, as a calm page or a line: each with what to do. */
import type { ReactNode } from "react";

import type { Problem } from "../room/connection";
import { Saying } from "./frame";
import { CautionIcon } from "./icons";
import { Link } from "./link";

const TITLES: Record<string, string> = {
  signed_out: "You are signed out",
  session_ended: "You are signed out",
  invitation_withdrawn: "Your invitation was withdrawn",
  unknown_room: "There is no such room",
  room_closed: "This interview is over",
  seat_taken: "The candidate’s seat is taken",
  taken_over: "You went on elsewhere",
  not_your_role: "This page is not for your part",
  server_away: "Greenroom is away",
  sign_in_refused: "This sign-in link is not valid",
  report_not_ready: "The report is being written",
  too_much: "A little too fast",
  protocol_unknown: "This page is out of date",
};

export function titleOf(problem: Problem): string {
  return TITLES[problem.code] ?? "Something is in the way";
}

/** A problem that takes the whole page. `again` is offered where trying again can help. */
export function Trouble({ problem, again, children }: { problem: Problem; again?: () => void; children?: ReactNode }) {
  const word = problem.code === "taken_over" ? "Go on here instead" : "Try again";
  return (
    <Saying title={titleOf(problem)} sentence={problem.sentence}>
      {again && (
        <button type="button" className="button button--main" onClick={again}>
          {word}
        </button>
      )}
      {children}
      <Link to="/" className="button">
        Go to the start page
      </Link>
    </Saying>
  );
}

/** A problem beside what goes on. */
export function TroubleLine({ sentence, children }: { sentence: string; children?: ReactNode }) {
  return (
    <div className="callout callout--trouble" role="alert">
      <CautionIcon />
      <div className="stack">
        <p>{sentence}</p>
        {children && <div className="row">{children}</div>}
      </div>
    </div>
  );
}

export function Caution({ children }: { children: ReactNode }) {
  return (
    <div className="callout callout--caution small" role="note">
      <CautionIcon />
      <p>{children}</p>
    </div>
  );
}

/** The same in one line, to be opened where it is longer. */
export function CautionLine({ words }: { words: string }) {
  return (
    <details className="caution-line small">
      <summary className="callout callout--caution">
        <CautionIcon /> <span>{words}</span>
      </summary>
    </details>
  );
}

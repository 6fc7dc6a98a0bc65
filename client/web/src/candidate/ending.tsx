import { useCallback, useEffect, useRef } from "react";

import { getReport } from "../api";
import { Link } from "../parts/link";
import { useAnswer } from "../parts/useAnswer";

const ASK_AGAIN_MS = 1_500;

/** The interview is over: rest, and the way to the report as soon as it is written. */
export function Ending({ room, withdrawn }: { room: string; withdrawn: boolean }) {
  const ask = useCallback(() => getReport(room), [room]);
  const { answer: report, problem } = useAnswer(ask, ASK_AGAIN_MS);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <div className="saying">
      <h1 ref={heading} tabIndex={-1}>
        That’s it. Take a breath.
      </h1>
      {withdrawn && <p>You withdrew your consent. Your sound is erased, and nothing more was heard or scored.</p>}
      <div role="status" className="stack">
        {report ? (
          <>
            <p className="lead">Your report is ready, with every mark and the words it rests on.</p>
            <div>
              <Link to={`/reports/${room}`} className="button button--main button--large">
                Read the report
              </Link>
            </div>
          </>
        ) : problem && !problem.retry ? (
          <p className="lead">Whoever invited you has the report. You can close this page.</p>
        ) : (
          <p className="lead breathing">Your report is being written…</p>
        )}
      </div>
    </div>
  );
}

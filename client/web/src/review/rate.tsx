/** Six sides of an answer to rate, with what answers worth 1, 3 and 5 do; and changing one of the machine's numbers. */
import { useId, useState, type SyntheticEvent } from "react";

import type { Given, Word } from "../api";
import { ownName } from "../name";
import { TroubleLine } from "../parts/trouble";
import type { Dimension } from "../protocol";
import type { SheetDimension } from "../report";
import type { Problem } from "../room/connection";
import { DIMENSIONS, points } from "../words";

const HALVES = Array.from({ length: 11 }, (_, halves) => halves / 2);
const LONGEST_NOTE = 2_000;
const LONGEST_REASON = 1_000;
const SHORTEST_REASON = 3;

interface Sending {
  busy: boolean;
  problem: Problem | null;
}

export function RatingForm(
  props: Sending & { dimensions: readonly SheetDimension[]; send: (scores: Given, note: string) => void },
) {
  const { dimensions, send, busy, problem } = props;
  const [given, setGiven] = useState<Given>({});
  const [note, setNote] = useState("");
  const complete = dimensions.every(({ dimension }) => dimension in given);

  function submitted(submit: SyntheticEvent) {
    submit.preventDefault();
    if (complete && !busy) send(given, note.trim());
  }

  return (
    <form className="rate stack" onSubmit={submitted}>
      <fieldset className="rate__sides">
        <legend>Your rating, from 0 to 5</legend>
        {dimensions.map((one) => (
          <Side
            key={one.dimension}
            one={one}
            given={given[one.dimension]}
            give={(score) => setGiven((before) => ({ ...before, [one.dimension]: score }))}
          />
        ))}
      </fieldset>
      <label className="field">
        <span>
          Why? <span className="soft small">optional, for other coaches</span>
        </span>
        <textarea rows={2} maxLength={LONGEST_NOTE} value={note} onChange={(change) => setNote(change.target.value)} />
      </label>
      {problem && <TroubleLine sentence={problem.sentence} />}
      <div className="row">
        <button type="submit" className="button button--main" disabled={!complete || busy}>
          {busy ? "Saving…" : "Save my rating and show the machine’s"}
        </button>
        <span className="soft small">
          {complete ? "A rating stands: it cannot be changed afterwards." : "Say something of all six first."}
        </span>
      </div>
    </form>
  );
}

/** `given`: undefined, nothing yet; null, she cannot tell. */
function Side(props: { one: SheetDimension; given: number | null | undefined; give: (score: number | null) => void }) {
  const { one, given, give } = props;
  const id = useId();
  return (
    <div className="rate__side">
      <label htmlFor={id}>{DIMENSIONS[one.dimension]}</label>
      <select
        id={id}
        aria-describedby={`${id}anchors`}
        value={given === undefined ? "" : (given ?? "none")}
        onChange={(change) => give(change.target.value === "none" ? null : Number(change.target.value))}
      >
        <option value="" disabled>
          Choose
        </option>
        {HALVES.map((score) => (
          <option key={score} value={score}>
            {points(score)}
          </option>
        ))}
        <option value="none">Cannot tell</option>
      </select>
      <ol id={`${id}anchors`} className="rate__anchors soft small">
        <li>1: {one.low}</li>
        <li>3: {one.middle}</li>
        <li>5: {one.high}</li>
      </ol>
    </div>
  );
}

export function OverrideForm(
  props: Sending & { dimensions: readonly Dimension[]; send: (word: Word) => Promise<boolean> },
) {
  const { dimensions, send, busy, problem } = props;
  const id = useId();
  const [dimension, setDimension] = useState<Dimension | "">("");
  const [score, setScore] = useState("");
  const [reason, setReason] = useState("");
  const complete = dimension !== "" && score !== "" && reason.trim().length >= SHORTEST_REASON;

  async function submitted(submit: SyntheticEvent) {
    submit.preventDefault();
    if (!complete || busy) return;
    const stands = await send({ dimension, score: Number(score), reason: reason.trim(), name: ownName() });
    if (!stands) return;
    setReason("");
    setScore("");
  }

  return (
    <details className="override">
      <summary>Change a score</summary>
      <form className="stack" onSubmit={(submit) => void submitted(submit)}>
        <p className="soft small">
          Your number takes the place of the machine’s in the report. What stood there, your name and your reason are
          shown beside it, also to the candidate.
        </p>
        <div className="row">
          <div className="field">
            <label htmlFor={`${id}side`}>Side</label>
            <select
              id={`${id}side`}
              value={dimension}
              onChange={(change) => setDimension(change.target.value as Dimension)}
            >
              <option value="" disabled>
                Choose
              </option>
              {dimensions.map((one) => (
                <option key={one} value={one}>
                  {DIMENSIONS[one]}
                </option>
              ))}
            </select>
          </div>
          <div className="field">
            <label htmlFor={`${id}score`}>New score</label>
            <select id={`${id}score`} value={score} onChange={(change) => setScore(change.target.value)}>
              <option value="" disabled>
                Choose
              </option>
              {HALVES.map((half) => (
                <option key={half} value={half}>
                  {points(half)}
                </option>
              ))}
            </select>
          </div>
        </div>
        <label className="field">
          Reason
          <textarea
            rows={2}
            maxLength={LONGEST_REASON}
            value={reason}
            onChange={(change) => setReason(change.target.value)}
          />
        </label>
        {problem && <TroubleLine sentence={problem.sentence} />}
        <div>
          <button type="submit" className="button" disabled={!complete || busy}>
            {busy ? "Saving…" : "Change it"}
          </button>
        </div>
      </form>
    </details>
  );
}

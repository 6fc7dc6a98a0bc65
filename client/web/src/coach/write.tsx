/** A question of a coach's own, with what a strong answer to it says: asked at once from the chair, or next. */
import { useId, useRef, useState, type SyntheticEvent } from "react";
import { flushSync } from "react-dom";

import type { Command } from "../protocol";
import { useSession } from "../room/useRoom";

const LONGEST = 1_000;
const LONGEST_POINT = 200;
const LONGEST_REFERENCE = 2_000;
const SHORTEST_POINT = 3;
const MOST_POINTS = 8;
const WEIGHTS = [1, 2, 3, 4, 5];

interface Point {
  text: string;
  weight: number;
}

export function WriteQuestion(props: {
  label: string;
  hint: string;
  button: string;
  disabled?: boolean;
  kind: Extract<Command, { points: unknown }>["kind"];
}) {
  const { label, hint, button, disabled = false, kind } = props;
  const session = useSession();
  const [text, setText] = useState("");
  const [points, setPoints] = useState<Point[]>([]);
  const [reference, setReference] = useState("");
  const id = useId();
  const question = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLFieldSetElement>(null);
  const adding = useRef<HTMLButtonElement>(null);
  const meant = points.map((point) => ({ ...point, text: point.text.trim() })).filter((point) => point.text);
  const short = meant.some((point) => point.text.length < SHORTEST_POINT);
  const ready = text.trim().length > 0 && !short && !disabled;

  function send(submit: SyntheticEvent) {
    submit.preventDefault();
    if (!ready) return;
    session.wish({ kind, text: text.trim(), points: meant, reference: reference.trim() });
    setText("");
    setReference("");
    setPoints([]);
    question.current?.focus(); // the button is off now, and a point that was typed in is gone
  }

  /** One more or one less; the focus goes to the point at this place, the last one, or the button that adds one. */
  function put(next: Point[], at: number) {
    flushSync(() => setPoints(next));
    const lines = list.current?.querySelectorAll("input") ?? [];
    (lines[Math.min(at, lines.length - 1)] ?? adding.current)?.focus();
  }

  const change = (at: number, changed: Partial<Point>) =>
    setPoints(points.map((point, n) => (n === at ? { ...point, ...changed } : point)));

  return (
    <form className="field" onSubmit={send}>
      <label>
        {label}
        <span className="line-form">
          <input
            type="text"
            ref={question}
            maxLength={LONGEST}
            placeholder={hint}
            value={text}
            disabled={disabled}
            onChange={(typed) => setText(typed.target.value)}
          />
          <button type="submit" className="button" disabled={!ready}>
            {button}
          </button>
        </span>
      </label>
      {text.trim() && (
        <fieldset className="points" ref={list}>
          <legend className="small">
            What does a strong answer say? <span className="soft">optional; the candidate never sees it</span>
          </legend>
          {points.map((point, at) => (
            <div key={at} className="points__one">
              <input
                type="text"
                aria-label={`Point ${at + 1}`}
                maxLength={LONGEST_POINT}
                value={point.text}
                onChange={(typed) => change(at, { text: typed.target.value })}
              />
              <label className="unseen" htmlFor={`${id}${at}`}>
                Weight of point {at + 1}
              </label>
              <select
                id={`${id}${at}`}
                value={point.weight}
                onChange={(chosen) => change(at, { weight: Number(chosen.target.value) })}
              >
                {WEIGHTS.map((weight) => (
                  <option key={weight} value={weight}>
                    × {weight}
                  </option>
                ))}
              </select>
              <button
                type="button"
                className="button button--quiet"
                aria-label={`Remove point ${at + 1}`}
                onClick={() =>
                  put(
                    points.filter((_, n) => n !== at),
                    at,
                  )
                }
              >
                ✕
              </button>
            </div>
          ))}
          {points.length < MOST_POINTS && (
            <div>
              <button
                type="button"
                className="button"
                ref={adding}
                onClick={() => put([...points, { text: "", weight: 1 }], points.length)}
              >
                Add a point
              </button>
            </div>
          )}
          <label>
            Model answer
            <textarea
              rows={3}
              maxLength={LONGEST_REFERENCE}
              value={reference}
              onChange={(typed) => setReference(typed.target.value)}
            />
          </label>
          <p className="soft small">
            {meant.length === 0
              ? reference.trim()
                ? "Without points, a technical answer is held against the model answer alone."
                : "Without points and a model answer, relevance rests on the words of the question alone."
              : short
                ? "A point needs a few words."
                : "Each point is marked present, partly or not said, with the words it rests on."}
          </p>
        </fieldset>
      )}
    </form>
  );
}

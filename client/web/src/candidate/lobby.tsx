import { useCallback, useId } from "react";

import { getNotice } from "../api";
import { CautionIcon, MicIcon, TickIcon } from "../parts/icons";
import { NameForm } from "../parts/nameForm";
import { TroubleLine } from "../parts/trouble";
import { useAnswer } from "../parts/useAnswer";
import { pending } from "../room/connection";
import { useConnection, useSession } from "../room/useRoom";
import { count, day, MODES } from "../words";
import { Level } from "./level";
import type { Ears } from "./useEars";
import "./lobby.css";

/** Before the interview: read and consent, try the microphone, start. */
export function Lobby({ ears }: { ears: Ears }) {
  const session = useSession();
  const room = useConnection(session, (connection) => connection.room);
  if (!room) return null;
  return (
    <div className="stack stack--wide lobby">
      <header className="stack">
        <p className="eyebrow">{MODES[room.mode].name} interview</p>
        <h1>Settle in</h1>
        <p className="lead">
          {count(room.length, "question")}, one after the other. You can speak or type each answer, take your time,
          skip, pause or end whenever you like.
        </p>
      </header>
      {room.scheduled && room.starts_at !== null && (
        <p className="callout" role="status">
          <span>
            {room.reminded ? "It begins in a moment, at" : "It begins"} <strong>{day(room.starts_at)}</strong>. You can
            settle in already; when it is time, you start it here.
          </span>
        </p>
      )}
      <NameForm />
      {room.consented ? <Preparation ears={ears} /> : <Notice version={room.notice} />}
    </div>
  );
}

function Notice({ version }: { version: string }) {
  const session = useSession();
  const { answer: notice, problem, again } = useAnswer(getNotice);
  const consenting = useConnection(session, (connection) =>
    pending(connection).some(({ command }) => command.kind === "give_consent"),
  );
  const heading = useId();
  if (problem) {
    return (
      <TroubleLine sentence={problem.sentence}>
        <button type="button" className="button" onClick={again}>
          Try again
        </button>
      </TroubleLine>
    );
  }
  if (!notice) return <p className="soft">Fetching the notice…</p>;
  const stale = notice.version !== version;
  return (
    <section className="card stack notice" aria-labelledby={heading}>
      <h2 id={heading}>{notice.title}</h2>
      {notice.paragraphs.map((paragraph) => (
        <p key={paragraph}>{paragraph}</p>
      ))}
      <ul className="points">
        {notice.points.map((point) => (
          <li key={point}>
            <TickIcon /> <span>{point}</span>
          </li>
        ))}
      </ul>
      {stale && (
        <p className="callout callout--caution">
          <CautionIcon /> <span>This room was opened under another version of the notice. Open a new room.</span>
        </p>
      )}
      <div className="row">
        <button
          type="button"
          className="button button--main button--large"
          disabled={stale || consenting}
          onClick={() => session.wish({ kind: "give_consent", notice: notice.version })}
        >
          I understand and agree
        </button>
        <span className="soft small">Notice {notice.version}</span>
      </div>
    </section>
  );
}

function Preparation({ ears }: { ears: Ears }) {
  const session = useSession();
  const caution = useConnection(session, ({ room }) => room?.transcriber?.caution);
  const starting = useConnection(session, (connection) =>
    pending(connection).some(({ command }) => command.kind === "start_interview"),
  );
  const waiting = useConnection(session, ({ room }) => room?.scheduled === true);
  const heading = useCallback((element: HTMLHeadingElement | null) => element?.focus(), []);
  const start = () => session.wish({ kind: "start_interview" });
  const ready = ears.device.is === "on";
  return (
    <section className="card stack" aria-labelledby="sound-check">
      <h2 id="sound-check" tabIndex={-1} ref={heading}>
        Sound check
      </h2>
      <MicrophoneCheck ears={ears} />
      {caution && (
        <p className="callout callout--caution">
          <CautionIcon /> <span>{caution}</span>
        </p>
      )}
      <div className="row">
        <button
          type="button"
          className={ready ? "button button--main button--large" : "button button--large"}
          disabled={starting || waiting}
          onClick={start}
        >
          {starting ? "Starting…" : ready ? "Start the interview" : "Start and type my answers"}
        </button>
      </div>
    </section>
  );
}

function MicrophoneCheck({ ears }: { ears: Ears }) {
  const { device } = ears;
  switch (device.is) {
    case "on":
      return (
        <div className="stack">
          <p>Say a few words. When the bar moves, we can hear you.</p>
          <Level level={ears.level} />
          {device.microphone.label && <p className="soft small">{device.microphone.label}</p>}
        </div>
      );
    case "failed":
      return (
        <TroubleLine sentence={device.problem.sentence}>
          {device.problem.retry && (
            <button type="button" className="button" onClick={ears.open}>
              Try again
            </button>
          )}
          <span className="small">You can also start now and type every answer.</span>
        </TroubleLine>
      );
    case "off":
    case "asking":
      return (
        <div className="stack">
          <p>Your voice is turned into words as you speak. Your browser will ask you to allow the microphone.</p>
          <div>
            <button
              type="button"
              className="button button--main button--large"
              disabled={device.is === "asking"}
              onClick={ears.open}
            >
              <MicIcon /> {device.is === "asking" ? "Waiting for your browser…" : "Turn on the microphone"}
            </button>
          </div>
        </div>
      );
  }
}

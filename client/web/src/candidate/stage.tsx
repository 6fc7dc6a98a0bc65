/** The interview itself, as the candidate sees it: the question, the words as they come, and what can be done. */
import { useCallback, useEffect, useRef, useState, type ReactNode } from "react";

import { Bulbs } from "../parts/bulbs";
import { CupIcon, RepeatIcon, TickIcon } from "../parts/icons";
import { Transcript } from "../parts/transcript";
import { CautionLine, TroubleLine } from "../parts/trouble";
import type { Room, Turn } from "../protocol";
import { openTurn } from "../room/mirror";
import { useConnection, useSession } from "../room/useRoom";
import { EndButton, PauseButton, SkipButton } from "./controls";
import { Limit } from "./limit";
import { Listening } from "./listening";
import { Question } from "./question";
import { Safety } from "./safety";
import { Settings } from "./settings";
import type { Ears } from "./useEars";
import type { Reading } from "./useReading";
import { useShortcuts } from "./useShortcuts";
import { Whispers } from "./whispers";
import { useDraft, Written } from "./written";
import "./stage.css";

const SENT_BEFORE_MS = 2_000;
const LONGEST_WAIT_MS = 3_600_000;

export function Stage({ room, ears, reading }: { room: Room; ears: Ears; reading: Reading }) {
  const turn = openTurn(room);
  const shown = turn ?? room.turns.at(-1) ?? null;
  const done = room.turns.filter((one) => one.closed_ms !== null).length;
  const [whispersRead, readWhispers] = useCounted(`greenroom.whispers.${room.id}`);
  const whispers = <Whispers read={whispersRead} readAll={readWhispers} />;
  return (
    <div className="stage">
      <header className="stage__head">
        <Bulbs done={done} asked={room.turns.length} length={room.length} />
        <div className="row stage__room">
          <PauseButton paused={room.paused} />
          <EndButton ending={room.ending} />
        </div>
      </header>
      {room.transcriber?.caution && <CautionLine words={room.transcriber.caution} />}
      <Question room={room} turn={shown} reading={reading} />
      {turn ? (
        <Answer room={room} turn={turn} ears={ears} reading={reading} whispers={whispers} />
      ) : (
        <>
          <Between room={room} />
          <div className="bottom">{whispers}</div>
        </>
      )}
    </div>
  );
}

/** A count that outlives a reload of the page. */
function useCounted(shelf: string): [number, (count: number) => void] {
  const [counted, setCounted] = useState(() => Number(sessionStorage.getItem(shelf) ?? 0));
  return [
    counted,
    (count) => {
      sessionStorage.setItem(shelf, String(count));
      setCounted(count);
    },
  ];
}

/** Between two questions. */
function Between({ room }: { room: Room }) {
  if (room.paused) return <p className="lead">Paused. The next question comes when the interview goes on.</p>;
  if (room.ending || room.turns.length >= room.length)
    return <p className="lead">That was the last one. Marking your answers…</p>;
  return (
    <p className="soft breathing">
      {room.chair ? "The next question is being prepared…" : "Thinking of the next question…"}
    </p>
  );
}

interface AnswerProps {
  room: Room;
  turn: Turn;
  ears: Ears;
  reading: Reading;
  whispers: ReactNode;
}

function Answer({ room, turn, ears, reading, whispers }: AnswerProps) {
  const session = useSession();
  const box = useRef<HTMLTextAreaElement>(null);
  const [draft, write] = useDraft(session.shelf, turn.number, turn.question.text);
  const settling = turn.finished !== null;
  const number = turn.number;

  const send = useCallback(() => {
    const text = draft.trim();
    if (!text) return;
    session.wish({ kind: "type_answer", turn: number, text });
    write("");
  }, [session, draft, number, write]);

  useEffect(() => {
    if (turn.limit_ms === null) return;
    // What is written and not sent yet belongs to the answer too: it goes just before the time is up.
    const leftMs = session.roomTime(turn.limit_ms) - Date.now() - SENT_BEFORE_MS;
    const timer = setTimeout(send, Math.min(Math.max(0, leftMs), LONGEST_WAIT_MS));
    return () => clearTimeout(timer);
  }, [turn.limit_ms, session, send]);

  function finish() {
    reading.cut();
    send();
    session.wish({ kind: "finish_answer", turn: number, ...ears.spokenThrough() });
  }
  const hold = () => session.wish({ kind: "hold_turn", turn: number });
  const repeat = () => session.wish({ kind: "repeat_question", turn: number });
  const type = () => box.current?.focus();
  const skip = () => {
    reading.cut();
    session.wish({ kind: "skip_question", turn: number });
  };
  const idle = settling || room.paused;
  const [keys, setKeys] = useShortcuts(
    idle
      ? []
      : [
          { key: "d", does: "I’m done", act: finish },
          { key: "m", does: "Give me a moment", act: hold },
          { key: "t", does: "Type", act: type },
          { key: "r", does: "Repeat the question", act: repeat },
        ],
  );

  return (
    <>
      <Words turn={turn} />
      {!settling && <Limit turn={turn} paused={room.paused} />}
      {settling && (
        <p className="soft breathing" role="status">
          Writing down your last words…
        </p>
      )}
      <div className="bottom">
        {whispers}
        {!settling && (
          <section className="dock" aria-label="Your answer">
            <div className="dock__now">
              <Listening room={room} turn={turn} ears={ears} reading={reading} />
              <button type="button" className="button button--main button--large" disabled={idle} onClick={finish}>
                <TickIcon /> I’m done {keys && <kbd>D</kbd>}
              </button>
            </div>
            <Written
              turn={number}
              held={turn.held}
              box={box}
              draft={draft}
              write={write}
              began={reading.cut}
              send={send}
            />
            <div className="dock__actions">
              <button type="button" className="button button--small" disabled={idle || turn.held} onClick={hold}>
                <CupIcon /> {turn.held ? "Take your time" : "Give me a moment"} {keys && !turn.held && <kbd>M</kbd>}
              </button>
              <button type="button" className="button button--small" disabled={idle} onClick={repeat}>
                <RepeatIcon /> Repeat {keys && <kbd>R</kbd>}
              </button>
              <SkipButton idle={idle} skip={skip} />
            </div>
            <div className="dock__foot">
              <Settings keys={keys} setKeys={setKeys} reading={reading} ears={ears} />
              <Safety />
            </div>
          </section>
        )}
      </div>
    </>
  );
}

/** The words of the open answer. New firm words are read out to who cannot see them; guesses are not. */
function Words({ turn }: { turn: Turn }) {
  const session = useSession();
  const partial = useConnection(session, ({ told }) => told.partial);
  const trouble = useConnection(session, ({ told }) => told.trouble);
  const sound = useConnection(session, ({ told }) => told.sound);
  const lost = useConnection(session, ({ lostVoice }) => lostVoice);
  const whispers = useConnection(session, ({ room }) => room?.whispers.length);
  const end = useRef<HTMLDivElement>(null);
  const guess = partial?.turn === turn.number ? partial : null;
  useEffect(() => {
    end.current?.scrollIntoView({ block: "nearest" });
  }, [turn.utterances.length, guess?.unstable, guess?.stable, whispers]);
  const empty = turn.utterances.length === 0 && !guess;
  return (
    <section className="words" aria-label="What was heard">
      {trouble && <TroubleLine sentence={trouble.sentence} />}
      {sound && <TroubleLine sentence={sound.to_candidate} />}
      {lost && (
        <TroubleLine sentence="The connection was away for so long that some of your words are lost. Please say them again, or type them." />
      )}
      {empty && <p className="soft words__empty">Your words appear here as you speak or type.</p>}
      <div aria-live="polite" aria-atomic="false" aria-relevant="additions">
        <Transcript utterances={turn.utterances} />
      </div>
      {guess && (
        <div aria-hidden="true">
          <Transcript utterances={[]} partial={guess} />
        </div>
      )}
      <div ref={end} className="words__end" />
    </section>
  );
}

/** Questions are read aloud as they are asked; then the candidate gets the floor. */
import { useCallback, useEffect, useRef, useState } from "react";

import { openTurn } from "../room/mirror";
import type { Session } from "../room/session";
import { useConnection } from "../room/useRoom";
import { Reader } from "../room/voice";

export interface Reading {
  /** The question is being read right now: the microphone hears nothing meanwhile. */
  now: boolean;
  /** The candidate may answer, though the room may not have heard of it yet. */
  floor: boolean;
  aloud: boolean;
  setAloud: (aloud: boolean) => void;
  /** Falls silent for a moment, and goes on. */
  pause: () => void;
  resume: () => void;
  cut: () => void;
}

const SHELF = "greenroom.aloud";

export function useReading(session: Session): Reading {
  const [reader] = useState(() => new Reader());
  const [aloud, chooseAloud] = useState(() => localStorage.getItem(SHELF) !== "no");
  const [now, setNow] = useState(false);
  const [begun, setBegun] = useState(0);
  const lastRead = useRef("");
  const turn = useConnection(session, ({ room }) => (room && openTurn(room)?.number) ?? 0);
  const text = useConnection(session, ({ room }) => (room && openTurn(room)?.question.text) ?? "");
  const phase = useConnection(session, ({ room }) => room?.phase);
  const paused = useConnection(session, ({ room }) => room?.paused ?? false);
  const repeats = useConnection(session, (connection) => connection.repeats);
  const asking = phase === "asking";
  const answering = phase === "answering";

  useEffect(() => {
    if (paused || (!asking && !(answering && repeats > 0))) return;
    const reading = `${turn}/${repeats}`;
    if (!asking && lastRead.current === reading) return;
    lastRead.current = reading;
    let wanted = true;
    setNow(aloud);
    void (aloud ? reader.read(text) : Promise.resolve()).then(() => {
      if (!wanted) return;
      setNow(false);
      if (!asking) return;
      setBegun(turn);
      session.wish({ kind: "begin_answer", turn });
    });
    return () => {
      wanted = false;
      reader.cut();
      setNow(false);
    };
    // `answering` follows from `asking` when the floor is taken: that must not read again.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [session, reader, turn, text, repeats, paused, asking]);

  const pause = useCallback(() => reader.pause(), [reader]);
  const resume = useCallback(() => reader.resume(), [reader]);
  const cut = useCallback(() => reader.cut(), [reader]);
  const setAloud = useCallback(
    (chosen: boolean) => {
      localStorage.setItem(SHELF, chosen ? "yes" : "no");
      chooseAloud(chosen);
      if (!chosen) reader.cut();
    },
    [reader],
  );
  return { now, floor: answering || (asking && begun === turn && !now), aloud, setAloud, pause, resume, cut };
}

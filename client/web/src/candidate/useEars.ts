/** The candidate's microphone on this page: its state, its level, and when its frames go to the room. */
import { useCallback, useEffect, useRef, useState, type RefObject } from "react";

import type { Connection, Problem } from "../room/connection";
import { openTurn } from "../room/mirror";
import { explain, openMicrophone, type Heard, type Microphone } from "../room/microphone";
import type { Session } from "../room/session";
import { useConnection } from "../room/useRoom";
import { useInterruption } from "./useInterruption";
import type { Reading } from "./useReading";

export type Device =
  { is: "off" } | { is: "asking" } | { is: "on"; microphone: Microphone } | { is: "failed"; problem: Problem };

export interface Ears {
  device: Device;
  muted: boolean;
  /** How loud it is right now, 0 to 1; changes 25 times a second without rendering. */
  level: RefObject<number>;
  open: () => void;
  close: () => void;
  setMuted: (muted: boolean) => void;
  /** The number of the last frame that was handed over, to say where an answer ends. */
  spokenThrough: () => { stream: string | null; through: number | null };
}

const SHELF = "greenroom.microphone";
/** Five seconds. */
const MOST_EARLY = 125;
const UNPLUGGED: Problem = {
  code: "microphone_gone",
  sentence: "The microphone went away. Plug it in again, or type your answer.",
  retry: true,
};

export function useEars(session: Session, listening: boolean, reading: Reading): Ears {
  const [device, setDevice] = useState<Device>({ is: "off" });
  const [muted, setMuted] = useState(false);
  const level = useRef(0);
  const microphone = device.is === "on" ? device.microphone : null;

  const open = useCallback(() => {
    setDevice({ is: "asking" });
    openMicrophone(() => setDevice({ is: "failed", problem: UNPLUGGED })).then(
      (opened) => {
        localStorage.setItem(SHELF, "on");
        setDevice({ is: "on", microphone: opened });
      },
      (error: unknown) => setDevice({ is: "failed", problem: explain(error) }),
    );
  }, []);
  const close = useCallback(() => {
    localStorage.removeItem(SHELF);
    setDevice({ is: "off" });
  }, []);

  useEffect(() => () => microphone?.stop(), [microphone]);
  useOpenAgain(open);
  const early = useInterruption(microphone, muted, reading);
  useStream(session, microphone, listening && !muted, level, early);

  const spokenThrough = useCallback(() => lastFrame(session), [session]);
  return { device, muted, level, open, close, setMuted, spokenThrough };
}

/** After a reload, a microphone that was allowed before is opened without asking. */
function useOpenAgain(open: () => void): void {
  useEffect(() => {
    if (localStorage.getItem(SHELF) !== "on" || !("permissions" in navigator)) return;
    let wanted = true;
    navigator.permissions.query({ name: "microphone" }).then(
      ({ state }) => wanted && state === "granted" && open(),
      () => undefined, // a browser that does not know this question is asked with the button
    );
    return () => {
      wanted = false;
    };
  }, [open]);
}

/** Announces the stream to the room once consent is given, and hands frames over while the room listens. */
function useStream(
  session: Session,
  microphone: Microphone | null,
  listening: boolean,
  level: RefObject<number>,
  early: RefObject<Heard[]>,
): void {
  const wanted = useConnection(
    session,
    ({ room, microphone: stream, undecodable }) =>
      room?.consented === true && room.phase !== "closed" && stream === null && !undecodable,
  );
  const zeroMs = useRef(0);
  const resting = useRef(false);
  const open = useRef(listening);
  useEffect(() => {
    open.current = listening;
    microphone?.listen(listening);
  }, [microphone, listening]);
  const owner = useRef<Microphone | null>(null);
  useEffect(() => {
    if (!microphone || (!wanted && owner.current === microphone)) return;
    const { room } = session.connection();
    if (room?.consented !== true || room.phase === "closed") return;
    owner.current = microphone;
    zeroMs.current = microphone.nowMs();
    session.openMicrophone(microphone.encoding);
    microphone.begin();
  }, [session, microphone, wanted]);
  useEffect(
    () =>
      microphone?.onFrame((heard) => {
        const { data, atMs, loudness, rested } = heard;
        level.current = loudness;
        if (!data || owner.current !== microphone) return;
        const startMs = (ms: number) => Math.max(0, ms - zeroMs.current);
        // A recording rests by itself: a piece left out would leave nothing to decode behind it.
        if (microphone.encoding !== "pcm16") session.frame(data, startMs(atMs), rested);
        else if (open.current && !isDone(session.connection())) {
          for (const one of [...early.current, heard]) {
            if (one.data) session.frame(one.data, startMs(one.atMs), resting.current);
            resting.current = false;
          }
          early.current = [];
        } else {
          resting.current = true;
          // Given the floor, but the room does not listen yet; whom it does not hear by then said it to nobody.
          if (early.current.length) early.current = early.current.length < MOST_EARLY ? [...early.current, heard] : [];
        }
      }),
    [session, microphone, level, early],
  );
}

/** Whether the candidate is done with the open turn, though the room may not have heard of it yet. */
function isDone({ doneWith, room }: Connection): boolean {
  return room !== null && openTurn(room)?.number === doneWith;
}

function lastFrame(session: Session): { stream: string | null; through: number | null } {
  const kept = session.connection().microphone;
  const next = kept ? kept.first + kept.frames.length : 0;
  return kept && next > 0 ? { stream: kept.stream, through: next - 1 } : { stream: null, through: null };
}

/** The candidate may speak while the question is read: the reading pauses, and yields the floor to who goes on. */
import { useEffect, useRef, type RefObject } from "react";

import { hear, STILL } from "../room/interruption";
import type { Heard, Microphone } from "../room/microphone";
import type { Reading } from "./useReading";

/** More than it takes to be sure that somebody speaks, so that no first word is lost. */
const KEPT_FRAMES = 60;

/** What was heard while the question was read, to be handed over first if it was an interruption. */
export function useInterruption(microphone: Microphone | null, muted: boolean, reading: Reading): RefObject<Heard[]> {
  const early = useRef<Heard[]>([]);
  const { now, pause, resume, cut } = reading;
  useEffect(() => {
    if (!microphone || muted || !now) return;
    let gate = STILL;
    let kept: Heard[] = [];
    early.current = [];
    let begun = false;
    const stop = microphone.onFrame((heard) => {
      begun ||= "speechSynthesis" in window && speechSynthesis.speaking;
      if (!begun) return; // what a loudspeaker gives back is learnt from the voice's first moment
      const [next, verdict] = hear(gate, heard.loudness);
      gate = next;
      kept = [...kept, heard].slice(-KEPT_FRAMES);
      if (verdict === "pause") {
        kept = kept.slice(-8); // the frames that gave it away, and a soft consonant before them
        pause();
      } else if (verdict === "resume") resume();
      else if (verdict === "yield") {
        early.current = kept;
        cut();
      }
    });
    return () => {
      stop();
      if (gate.paused) resume(); // nobody listens any more: muted, or the microphone is gone
    };
  }, [microphone, muted, now, pause, resume, cut]);
  return early;
}

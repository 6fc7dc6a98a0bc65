import { useEffect, useState } from "react";

import { CautionIcon } from "../parts/icons";
import type { Turn } from "../protocol";
import { useSession } from "../room/useRoom";
import { count } from "../words";

/** That an answer's time is nearly up. Counts down in quarters of a minute, so that nobody is read a clock. */
export function Limit({ turn, paused }: { turn: Turn; paused: boolean }) {
  const leftMs = useLeft(turn);
  const words = leftMs === null || paused ? null : say(leftMs);
  return (
    <div role="status" className="news">
      {words && <Caution words={words} />}
    </div>
  );
}

function Caution({ words }: { words: string }) {
  return (
    <p className="callout callout--caution small">
      <CautionIcon /> <span>{words}</span>
    </p>
  );
}

function say(leftMs: number): string {
  const quarters = Math.ceil(leftMs / 15_000);
  const minutes = Math.round(quarters / 4);
  const left = quarters >= 4 ? `about ${count(minutes, "minute")}` : `about ${quarters * 15} seconds`;
  const time = quarters <= 1 ? "" : `: ${left} left`;
  return `The time for this answer is nearly up${time}. Finish your thought: all of it counts.`;
}

/** Milliseconds to the end of the answer's time, as the room counts it; null while there is no hurry. */
function useLeft({ number, limit_ms: limit }: Turn): number | null {
  const session = useSession();
  const [left, setLeft] = useState<number | null>(null);
  useEffect(() => {
    const endsAt = limit === null ? null : session.roomTime(limit);
    const look = () => setLeft(endsAt === null ? null : Math.max(0, endsAt - Date.now()));
    look();
    if (endsAt === null) return;
    const timer = setInterval(look, 1_000);
    return () => clearInterval(timer);
  }, [session, number, limit]);
  return left;
}

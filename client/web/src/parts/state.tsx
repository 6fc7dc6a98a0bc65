import { useEffect, useState } from "react";

import type { Connection } from "../room/connection";
import { useConnection, useSession } from "../room/useRoom";
import "./state.css";

const WORDS: Record<Connection["stage"], string> = {
  resting: "Not connected",
  entering: "Connecting…",
  greeting: "Connecting…",
  live: "Connected",
  waiting: "Connecting again…",
  over: "Not connected",
};
const MOVED_SHOWN_MS = 6_000;

/** Whether the room is reached right now, in words and a dot. Changes are read out. */
export function ConnectionState() {
  const session = useSession();
  const stage = useConnection(session, (connection) => connection.stage);
  const known = useConnection(session, (connection) => connection.room !== null);
  const moved = useLately(useConnection(session, ({ moves }) => moves));
  const back = known && (stage === "entering" || stage === "greeting");
  const words = stage === "live" && moved ? "Connected, on another server" : WORDS[stage];
  return (
    <span className={`state state--${stage}`} role="status">
      <span className="state__dot" aria-hidden="true" />
      {back ? WORDS.waiting : words}
    </span>
  );
}

/** Whether a count grew within the last seconds. */
function useLately(count: number): boolean {
  const [settled, setSettled] = useState(count);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(count), MOVED_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [count]);
  return count > settled;
}

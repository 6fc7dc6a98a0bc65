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

/** Whether the room is reached right now, in words and a dot. Changes are read out. */
export function ConnectionState() {
  const session = useSession();
  const stage = useConnection(session, (connection) => connection.stage);
  const known = useConnection(session, (connection) => connection.room !== null);
  const back = known && (stage === "entering" || stage === "greeting");
  return (
    <span className={`state state--${stage}`} role="status">
      <span className="state__dot" aria-hidden="true" />
      {back ? WORDS.waiting : WORDS[stage]}
    </span>
  );
}

import { TickIcon } from "../parts/icons";
import { unsafeMs } from "../room/audio";
import { useConnection, useSession } from "../room/useRoom";

const USUAL_LAG_MS = 2_000;

/** Whether what was said and written has reached the room. */
export function Safety() {
  const session = useSession();
  const live = useConnection(session, ({ stage }) => stage === "live");
  const lagS = useConnection(session, ({ microphone }) => {
    const lag = unsafeMs(microphone);
    return lag > USUAL_LAG_MS ? Math.round(lag / 1000) : 0;
  });
  const unsaid = useConnection(
    session,
    ({ outbox }) => outbox.filter(({ command }) => command.kind === "type_answer").length,
  );
  if (!live) return <p className="safety">Not connected. Your words are kept here and sent as soon as it is back.</p>;
  if (lagS) return <p className="safety numbers">{lagS} s of your voice are on their way. Nothing is lost.</p>;
  if (unsaid) return <p className="safety">Sending what you wrote…</p>;
  return (
    <p className="safety">
      <TickIcon /> Your words are safe
    </p>
  );
}

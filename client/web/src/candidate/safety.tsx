import { useEffect, useState } from "react";

import { TickIcon } from "../parts/icons";
import { unsafeMs } from "../room/audio";
import { pending, type Connection } from "../room/connection";
import { useConnection, useSession } from "../room/useRoom";

const USUAL_LAG_MS = 2_000;
/** Writing to the database usually takes less; a word that comes and goes would only disturb. */
const USUAL_SAVING_MS = 1_500;

/** How safe what was said and written is: here, in the room, or in the database as well. */
export function Safety() {
  const session = useSession();
  const live = useConnection(session, ({ stage }) => stage === "live");
  const lagS = useConnection(session, ({ microphone }) => {
    const lag = unsafeMs(microphone);
    return lag > USUAL_LAG_MS ? Math.round(lag / 1000) : 0;
  });
  const unsaid = useConnection(
    session,
    (connection) => pending(connection).filter(({ command }) => command.kind === "type_answer").length,
  );
  const hindrance = useConnection(session, (connection) => connection.hindrance);
  const saving = useLasting(useConnection(session, isBeingSaved), USUAL_SAVING_MS);
  if (!live) return <p className="safety">Not connected. Your words are kept here and sent as soon as it is back.</p>;
  if (hindrance) return <p className="safety">{hindrance} What you did is kept here and sent again by itself.</p>;
  if (lagS) return <p className="safety numbers">{lagS} s of your voice are on their way. Nothing is lost.</p>;
  if (unsaid) return <p className="safety">Sending what you wrote…</p>;
  if (saving) return <p className="safety">Your words have arrived and are being saved…</p>;
  return (
    <p className="safety">
      <TickIcon /> Your words are safe
    </p>
  );
}

/** Whether the room knows something that the database does not have yet. */
function isBeingSaved({ story, outbox }: Connection): boolean {
  return (story.cursor?.version ?? 0) > outbox.mark;
}

/** Whether it has been so for a while. */
function useLasting(so: boolean, ms: number): boolean {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLasting(so), so ? ms : 0);
    return () => clearTimeout(timer);
  }, [so, ms]);
  return so && lasting;
}

/** Refusals as a sentence beside what goes on, until it is read or a little time has passed. */
import { useCallback, useEffect, useState } from "react";

import type { Command } from "../protocol";
import type { Refusing } from "../room/session";
import { useRefusals, useSession } from "../room/useRoom";
import { TroubleLine } from "./trouble";

/** Wishes that the page makes by itself: when they come too late, nobody needs to know. */
const OWN: ReadonlySet<Command["kind"]> = new Set(["begin_answer", "hold_turn", "open_microphone"]);
const TOO_LATE: ReadonlySet<string> = new Set([
  "wrong_turn",
  "no_open_turn",
  "already_finished",
  "not_started",
  "paused",
  "room_closed",
]);
const SHOWN_MS = 10_000;

export function Notices() {
  const session = useSession();
  const [sentence, setSentence] = useState<string | null>(null);
  const dismiss = useCallback(() => setSentence(null), []);
  const refused = useCallback(({ refused: said, command }: Refusing) => {
    if (!(command && OWN.has(command.kind) && TOO_LATE.has(said.code))) setSentence(said.sentence);
  }, []);
  useRefusals(session, refused);
  useEffect(() => {
    if (!sentence) return;
    const timer = setTimeout(dismiss, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [sentence, dismiss]);
  if (!sentence) return null;
  return (
    <div className="notices">
      <TroubleLine sentence={sentence}>
        <button type="button" className="button" onClick={dismiss}>
          All right
        </button>
      </TroubleLine>
    </div>
  );
}

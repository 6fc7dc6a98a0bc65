/** Refusals as a sentence beside what goes on, until it is read or a little time has passed. */
import { useCallback, useEffect, useState } from "react";

import type { Command } from "../protocol";
import type { Refusing } from "../room/session";
import { openTurn } from "../room/mirror";
import { useRefusals, useSession } from "../room/useRoom";
import { TroubleLine } from "./trouble";

/** Wishes that the page makes by itself: when they come too late, nobody needs to know. */
const OWN: ReadonlySet<Command["kind"]> = new Set(["begin_answer", "hold_turn", "open_microphone"]);
/** Another question is asked in the same turn by now: what was said to the one is no answer to the other. */
export const OTHER_QUESTION = "other_question";
const TOO_LATE: ReadonlySet<string> = new Set([
  "wrong_turn",
  "not_asked_yet",
  OTHER_QUESTION,
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
  const [words, setWords] = useState<string | null>(null);
  const dismiss = useCallback(() => {
    setSentence(null);
    setWords(null);
  }, []);
  const refused = useCallback(
    ({ refused: said, command }: Refusing) => {
      if (command && OWN.has(command.kind) && TOO_LATE.has(said.code)) return;
      setSentence(said.sentence);
      // The words of the open answer go back into the box; those of an earlier one have no other place to be seen.
      const { room } = session.connection();
      const open = room && openTurn(room)?.number;
      const lost = command?.kind === "type_answer" && room && (open !== command.turn || said.code === OTHER_QUESTION);
      if (lost) setWords((before) => (before ? `${before} ${command.text}` : command.text));
    },
    [session],
  );
  useRefusals(session, refused);
  useEffect(() => {
    if (!sentence || words) return; // what somebody wrote stays until they put it away
    const timer = setTimeout(dismiss, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [sentence, words, dismiss]);
  if (!sentence) return null;
  return (
    <div className="notices">
      <TroubleLine sentence={words ? `${sentence} This is what you wrote: “${words}”` : sentence}>
        <button type="button" className="button" onClick={dismiss}>
          All right
        </button>
      </TroubleLine>
    </div>
  );
}

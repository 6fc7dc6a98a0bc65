/** Refusals as short sentences beside the interview, each until it is read or something newer comes. */
import { useCallback, useEffect, useState } from "react";

import type { Command } from "../protocol";
import type { Refusing, Session } from "../room/session";
import { useRefusals } from "../room/useRoom";

/** Wishes that the page makes by itself: when they come too late, nobody needs to know. */
const OWN: ReadonlySet<Command["kind"]> = new Set(["begin_answer", "hold_turn", "open_microphone"]);
const TOO_LATE: ReadonlySet<string> = new Set([
  "wrong_turn",
  "no_open_turn",
  "already_finished",
  "already_started",
  "not_started",
  "paused",
  "room_closed",
]);
const SHOWN_MS = 8_000;

export function useNotices(session: Session): [string | null, () => void] {
  const [notice, setNotice] = useState<string | null>(null);
  const dismiss = useCallback(() => setNotice(null), []);
  const refused = useCallback(({ refused: { code, sentence }, command }: Refusing) => {
    if (!(command && OWN.has(command.kind) && TOO_LATE.has(code))) setNotice(sentence);
  }, []);
  useRefusals(session, refused);
  useEffect(() => {
    if (!notice) return;
    const timer = setTimeout(dismiss, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [notice, dismiss]);
  return [notice, dismiss];
}

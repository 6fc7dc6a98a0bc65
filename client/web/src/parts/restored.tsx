import { useState } from "react";

import { CautionIcon } from "./icons";
import { useConnection, useSession } from "../room/useRoom";

/** That the room was written anew after a disaster: said calmly, once, until it is read. */
export function Restored({ words }: { words: string }) {
  const session = useSession();
  const shelf = `greenroom.restored.${session.room}`;
  const at = useConnection(session, ({ room, resets }) => {
    const restored = room?.restored?.at_ms;
    return restored === undefined && resets === 0 ? "" : `${restored ?? ""}.${restored === undefined ? resets : ""}`;
  });
  const [read, setRead] = useState(() => sessionStorage.getItem(shelf) ?? "");
  const shown = at !== "" && at !== read;
  return (
    // Always there, so that a screen reader notices what appears in it.
    <div role="status" className="news">
      {shown && (
        <div className="callout callout--caution">
          <CautionIcon />
          <div className="stack">
            <p>{words}</p>
            <div className="row">
              <button
                type="button"
                className="button"
                onClick={() => {
                  sessionStorage.setItem(shelf, at);
                  setRead(at);
                }}
              >
                All right
              </button>
            </div>
          </div>
        </div>
      )}
    </div>
  );
}

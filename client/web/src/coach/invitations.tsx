import { useState } from "react";

import { getMe, invite, problemOf } from "../api";
import { CopyIcon } from "../parts/icons";
import { useAnswer } from "../parts/useAnswer";
import type { Role } from "../protocol";
import type { Problem } from "../room/connection";
import { ROLES } from "../words";

const INVITED: Role[] = ["candidate", "coach", "observer"];

/** Links that let others in, each for one role. Only the room's owner can make them. */
export function Invitations({ room }: { room: string }) {
  const { answer: me } = useAnswer(getMe);
  const [link, setLink] = useState<{ role: Role; url: string; copied: boolean } | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  if (!me?.owner) return <p className="soft small">Whoever opened this room can invite others.</p>;

  async function make(role: Role) {
    try {
      const { url } = await invite(room, role);
      const copied = await navigator.clipboard.writeText(url).then(
        () => true,
        () => false, // browsers without a secure page have no clipboard: the link stands there to be copied by hand
      );
      setProblem(null);
      setLink({ role, url, copied });
    } catch (error) {
      setProblem(problemOf(error));
    }
  }

  return (
    <div className="stack">
      <div className="row">
        {INVITED.map((role) => (
          <button key={role} type="button" className="button" onClick={() => void make(role)}>
            <CopyIcon /> {ROLES[role]}
          </button>
        ))}
      </div>
      <div role="status">
        {problem && <p>{problem.sentence}</p>}
        {link && (
          <label className="field">
            <span className="small">
              Link for the {ROLES[link.role].toLowerCase()}
              {link.copied ? ", copied" : ""}
            </span>
            <input type="text" readOnly value={link.url} onFocus={(focus) => focus.target.select()} />
          </label>
        )}
      </div>
    </div>
  );
}

import { useState } from "react";

import { getMe, invite, problemOf, withdrawInvitations } from "../api";
import { Confirm } from "../parts/confirm";
import { CopyIcon } from "../parts/icons";
import { useAnswer } from "../parts/useAnswer";
import type { Role } from "../protocol";
import type { Problem } from "../room/connection";
import { ROLES } from "../words";

const INVITED: Role[] = ["candidate", "coach", "observer"];

/** Browsers without a secure page have no clipboard: then the link stands there to be copied by hand. */
async function copied(url: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(url);
    return true;
  } catch {
    return false;
  }
}

/** Links that let others in, each for one role. Only the room's owner can make them. */
export function Invitations({ room }: { room: string }) {
  const { answer: me } = useAnswer(getMe);
  const [link, setLink] = useState<{ role: Role; url: string; copied: boolean } | null>(null);
  const [withdrawing, setWithdrawing] = useState<Role | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  if (!me?.owner) return <p className="soft small">Whoever opened this room can invite others.</p>;

  async function make(role: Role) {
    try {
      const { url } = await invite(room, role);
      setProblem(null);
      setLink({ role, url, copied: await copied(url) });
    } catch (error) {
      setProblem(problemOf(error));
    }
  }

  async function withdraw(role: Role) {
    setWithdrawing(null);
    try {
      await withdrawInvitations(room, role);
      setProblem(null);
      if (link?.role === role) setLink(null);
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
      <details className="small">
        <summary>Withdraw invitations</summary>
        <div className="row">
          {INVITED.map((role) => (
            <button key={role} type="button" className="button button--quiet" onClick={() => setWithdrawing(role)}>
              Withdraw those for the {ROLES[role].toLowerCase()}
            </button>
          ))}
        </div>
      </details>
      {withdrawing && (
        <Confirm
          title={`Withdraw invitations for the ${ROLES[withdrawing].toLowerCase()}?`}
          words="The links that you made lead nowhere from now on, and whoever came in by one leaves the room. You can make new ones."
          yes="Withdraw"
          onYes={() => void withdraw(withdrawing)}
          onNo={() => setWithdrawing(null)}
        />
      )}
    </div>
  );
}

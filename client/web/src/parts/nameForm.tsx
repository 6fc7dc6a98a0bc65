import { useState, type SyntheticEvent } from "react";

import { callMe } from "../name";
import { useConnection, useSession } from "../room/useRoom";
import { isNameless } from "../words";

/** For somebody who came by an invitation: what the others shall call them. */
export function NameForm() {
  const session = useSession();
  const you = useConnection(session, (connection) => connection.you);
  const [name, setName] = useState("");
  if (!you || !isNameless(you)) return null;

  function choose(submit: SyntheticEvent) {
    submit.preventDefault();
    if (!name.trim()) return;
    callMe(name);
    session.enterAnew();
  }
  return (
    <form className="field" onSubmit={choose}>
      <label>
        What shall others call you?
        <span className="line-form">
          <input
            type="text"
            autoComplete="nickname"
            maxLength={80}
            value={name}
            onChange={(change) => setName(change.target.value)}
          />
          <button type="submit" className="button" disabled={!name.trim()}>
            Call me that
          </button>
        </span>
      </label>
    </form>
  );
}

import { useState } from "react";

import { Confirm } from "../parts/confirm";
import { useSession } from "../room/useRoom";
import type { Ears } from "./useEars";
import type { Reading } from "./useReading";

/** The candidate's way out of being heard: audio erased, nothing more scored. */
function Withdraw() {
  const session = useSession();
  const [asked, setAsked] = useState(false);
  return (
    <div>
      <button type="button" className="button" onClick={() => setAsked(true)}>
        Withdraw my consent
      </button>
      {asked && (
        <Confirm
          title="Withdraw your consent?"
          words="The interview ends here. Sound that was not written down yet is erased at once, and nothing more is heard or scored."
          yes="Withdraw and end"
          onYes={() => {
            setAsked(false);
            session.wish({ kind: "withdraw_consent" });
          }}
          onNo={() => setAsked(false)}
        />
      )}
    </div>
  );
}

interface Props {
  keys: boolean;
  setKeys: (on: boolean) => void;
  reading: Reading;
  ears: Ears;
}

const KEYS = [
  ["D", "I’m done"],
  ["M", "Give me a moment"],
  ["T", "Type"],
  ["R", "Repeat the question"],
  ["Ctrl ↵", "Send what you typed"],
  ["Esc", "Leave the text box"],
] as const;

/** Small choices that last: reading aloud, single keys, the microphone. */
export function Settings({ keys, setKeys, reading, ears }: Props) {
  return (
    <details className="settings">
      <summary>Keys and sound</summary>
      <div className="settings__body stack">
        <dl className="keys">
          {KEYS.map(([key, does]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{does}</dd>
            </div>
          ))}
        </dl>
        <label className="check">
          <input type="checkbox" checked={keys} onChange={(change) => setKeys(change.target.checked)} /> Single keys act
          when I am not typing
        </label>
        <label className="check">
          <input
            type="checkbox"
            checked={reading.aloud}
            onChange={(change) => reading.setAloud(change.target.checked)}
          />{" "}
          Read questions aloud
        </label>
        {ears.device.is === "on" && (
          <div>
            <button type="button" className="button" onClick={ears.close}>
              Turn the microphone off
            </button>
          </div>
        )}
        <Withdraw />
      </div>
    </details>
  );
}

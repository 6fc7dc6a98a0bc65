import { WhisperIcon } from "../parts/icons";
import { useConnection, useSession } from "../room/useRoom";
import { nameOf } from "../words";

/** What a coach whispers: a card that stays until it is read. `read`: how many were. */
export function Whispers({ read, readAll }: { read: number; readAll: (count: number) => void }) {
  const session = useSession();
  const room = useConnection(session, (connection) => connection.room);
  const whispers = room?.whispers.slice(read) ?? [];
  return (
    <div className="whispers" aria-live="polite">
      {room &&
        whispers.map((whisper, n) => (
          <div key={read + n} className="whisper">
            <WhisperIcon />
            <p>
              <span className="soft small">{nameOf(room, whisper.by)} whispers</span>
              <br />
              {whisper.text}
            </p>
            <button type="button" className="button button--small" onClick={() => readAll(read + n + 1)}>
              Got it
            </button>
          </div>
        ))}
    </div>
  );
}

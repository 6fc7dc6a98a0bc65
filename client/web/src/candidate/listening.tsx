import { MicIcon, MicOffIcon } from "../parts/icons";
import type { Room, Turn } from "../protocol";
import { useConnection, useSession } from "../room/useRoom";
import { useLevel } from "./level";
import type { Ears } from "./useEars";
import type { Reading } from "./useReading";

interface Props {
  room: Room;
  turn: Turn;
  ears: Ears;
  reading: Reading;
}

/** Whether the room hears the candidate right now, in words and as a lamp that breathes with the voice. */
export function Listening({ room, turn, ears, reading }: Props) {
  const session = useSession();
  const speaking = useConnection(session, ({ told }) => told.speaking);
  const lamp = useLevel<HTMLSpanElement>(ears.level);
  const { device } = ears;
  const [hears, words] = say();

  function say(): [boolean, string] {
    if (room.paused) return [false, "Paused. Nothing is heard until you go on."];
    if (reading.now) return [false, "Reading the question to you. The microphone rests meanwhile."];
    if (device.is === "off" || device.is === "asking") return [false, "The microphone is off. Type, or turn it on."];
    if (device.is === "failed") return [false, device.problem.sentence];
    if (ears.muted) return [false, "The microphone is muted."];
    if (turn.held) return [true, "Take your time. Silence will not end this answer."];
    return [true, speaking ? "Hearing you" : "Listening"];
  }

  return (
    <div className={hears ? "listening listening--on" : "listening"}>
      <span className="lamp" ref={lamp} aria-hidden="true">
        {hears ? <MicIcon /> : <MicOffIcon />}
      </span>
      <p role="status">{words}</p>
      {device.is === "on" ? (
        <button
          type="button"
          className="button button--quiet"
          onClick={() => ears.setMuted(!ears.muted)}
        >
          {ears.muted ? "Unmute" : "Mute"}
        </button>
      ) : (
        <button type="button" className="button button--small" disabled={device.is === "asking"} onClick={ears.open}>
          {device.is === "asking" ? "Waiting…" : "Turn on the microphone"}
        </button>
      )}
    </div>
  );
}

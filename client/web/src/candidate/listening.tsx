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
  const ending = useConnection(session, ({ told }) => told.ending);
  const lamp = useLevel<HTMLButtonElement>(ears.level);
  const { device } = ears;
  const [hears, words] = say();

  function say(): [boolean, string] {
    if (room.paused) return [false, "Paused. Nothing is heard until you go on."];
    if (reading.now) return [false, "Reading the question to you. Speak up to begin at once."];
    if (device.is === "off" || device.is === "asking") return [false, "The microphone is off. Press it, or type."];
    if (device.is === "failed") return [false, device.problem.sentence];
    if (ears.muted) return [false, "Muted. Press the microphone to be heard."];
    if (turn.held) return [true, "Take your time. Silence will not end this answer."];
    if (ending === turn.number) return [true, "Is that all? Just go on if there is more."];
    return [true, speaking ? "Hearing you" : "Listening"];
  }

  const lampWord =
    device.is !== "on" ? "Turn on the microphone" : ears.muted ? "Unmute the microphone" : "Mute the microphone";
  function press() {
    if (device.is === "on") ears.setMuted(!ears.muted);
    else ears.open();
  }
  return (
    <div className={hears ? "listening listening--on" : "listening"}>
      <button
        type="button"
        className="lamp"
        ref={lamp}
        aria-label={lampWord}
        title={lampWord}
        disabled={device.is === "asking"}
        onClick={press}
      >
        {hears ? <MicIcon /> : <MicOffIcon />}
      </button>
      <p role="status">{words}</p>
    </div>
  );
}

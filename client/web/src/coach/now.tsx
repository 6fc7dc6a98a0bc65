import { useEffect, useState } from "react";

import { Figures } from "../marks/delivery";
import { NameForm } from "../parts/nameForm";
import { Caution } from "../parts/trouble";
import type { Room } from "../protocol";
import { openTurn } from "../room/mirror";
import { useConnection, useSession } from "../room/useRoom";
import { nameOf, PHASES, seconds } from "../words";

const TYPING_SHOWN_MS = 4_000;

/** What is going on this moment: phase, who interviews, voice or keyboard, running figures. */
export function Now({ room }: { room: Room }) {
  const session = useSession();
  const speaking = useConnection(session, ({ told }) => told.speaking);
  const delivery = useConnection(session, ({ told }) => told.delivery);
  const sound = useConnection(session, ({ told }) => told.sound);
  const typing = useTyping();
  const turn = openTurn(room);
  const running = delivery && delivery.turn === turn?.number ? delivery : null;
  const state = room.paused ? "Paused" : room.scheduled ? "Planned" : PHASES[room.phase];
  return (
    <div className="stack">
      <NameForm />
      <p role="status">
        <strong>{state}</strong>
        {room.phase === "answering" && !room.paused && (speaking ? ", speaking" : typing ? ", typing" : ", silent")}
        {turn?.limit_ms != null && !turn.finished && ", time nearly up"}
        {room.ending && room.phase !== "closed" && ", ending"}
      </p>
      {sound && <Caution>{sound.to_others} It lowers confidence, never the score.</Caution>}
      <p className="soft small">Interviewer: {room.chair ? nameOf(room, room.chair) : "AI interviewer"}</p>
      {running && (
        <>
          <Figures
            figures={[
              ["Words", `${running.words}`],
              ["Pace", running.words_per_minute === null ? "–" : `${Math.round(running.words_per_minute)}`, "a minute"],
              ["Fillers", `${running.fillers}`],
              ["Pauses", `${running.pauses}`, running.pauses ? `longest ${seconds(running.longest_pause_ms)}` : ""],
            ]}
          />
          <p className="soft small">Coaching only: how it is spoken never counts in a score.</p>
        </>
      )}
    </div>
  );
}

function useTyping(): boolean {
  const session = useSession();
  const notices = useConnection(session, ({ told }) => told.typing);
  const [stale, setStale] = useState(notices);
  useEffect(() => {
    const timer = setTimeout(() => setStale(notices), TYPING_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [notices]);
  return notices > 0 && stale !== notices;
}

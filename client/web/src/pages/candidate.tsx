import { useCallback } from "react";

import { Ending } from "../candidate/ending";
import { Lobby } from "../candidate/lobby";
import { Stage } from "../candidate/stage";
import { useEars } from "../candidate/useEars";
import { useReading } from "../candidate/useReading";
import { getRoom } from "../api";
import { Frame } from "../parts/frame";
import { Link } from "../parts/link";
import { Notices } from "../parts/notices";
import { People } from "../parts/people";
import { Restored } from "../parts/restored";
import { ConnectionState } from "../parts/state";
import { Trouble } from "../parts/trouble";
import { useAnswer } from "../parts/useAnswer";
import { RoomProvider, useConnection, useNewSession } from "../room/useRoom";

export function Candidate({ room }: { room: string }) {
  const ask = useCallback(() => getRoom(room), [room]);
  const { answer: card, problem, again } = useAnswer(ask, 3_000);
  if (card && !card.roles.includes("candidate")) return <NotYours room={room} />;
  if (card) return <InRoom room={room} />;
  return (
    <Frame title="Interview">
      {problem ? (
        <Trouble problem={problem} {...(problem.retry && { again })} />
      ) : (
        <p className="soft">Opening the door…</p>
      )}
    </Frame>
  );
}

function NotYours({ room }: { room: string }) {
  return (
    <Frame title="Interview">
      <Trouble
        problem={{
          code: "not_your_role",
          sentence: "You were invited to watch and help, not to sit the interview. Your page is next door.",
          retry: false,
        }}
      >
        <Link to={`/rooms/${room}/coach`} className="button button--main">
          Go to the coach’s page
        </Link>
      </Trouble>
    </Frame>
  );
}

function InRoom({ room: id }: { room: string }) {
  const session = useNewSession(id, "candidate");
  const room = useConnection(session, (connection) => connection.room);
  const over = useConnection(session, ({ stage }) => stage === "over");
  const problem = useConnection(session, (connection) => connection.problem);
  const reading = useReading(session);
  const listening = reading.floor && !reading.now && room?.paused === false && room.phase !== "settling";
  const ears = useEars(session, listening, reading);

  const staged = room !== null && room.phase !== "lobby" && room.phase !== "closed";

  function page() {
    if (over && problem && room?.phase !== "closed") return <Trouble problem={problem} again={() => session.enter()} />;
    if (!room) return <p className="soft">{problem?.sentence ?? "Opening the door…"}</p>;
    if (room.phase === "closed") return <Ending room={id} withdrawn={room.closing === "withdrawn"} />;
    if (room.phase === "lobby") return <Lobby ears={ears} />;
    return <Stage room={room} ears={ears} reading={reading} />;
  }

  return (
    <RoomProvider value={session}>
      <Frame
        title="Interview"
        snug={staged}
        beside={
          <>
            <People />
            <ConnectionState />
          </>
        }
      >
        <Notices />
        {room && room.phase !== "closed" && (
          <Restored words="The room was restored. Please check that your last answer is whole." />
        )}
        {page()}
      </Frame>
    </RoomProvider>
  );
}

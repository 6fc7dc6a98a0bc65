import { useCallback, useEffect, useRef, type ReactNode } from "react";

import { getRoom } from "../api";
import { EndButton, PauseButton } from "../candidate/controls";
import { Chair, Notes, Whisper } from "../coach/actions";
import { Invitations } from "../coach/invitations";
import { NextQuestion } from "../coach/next";
import { Now } from "../coach/now";
import { TurnCard } from "../coach/turn";
import { Bulbs } from "../parts/bulbs";
import { Frame } from "../parts/frame";
import { Link } from "../parts/link";
import { Notices } from "../parts/notices";
import { People } from "../parts/people";
import { ConnectionState } from "../parts/state";
import { Caution, Trouble } from "../parts/trouble";
import { useAnswer } from "../parts/useAnswer";
import type { Role, Room } from "../protocol";
import { RoomProvider, useConnection, useNewSession, useSession } from "../room/useRoom";
import { MODES } from "../words";
import "./coach.css";

const NEAR_END_PX = 160;

export function Coach({ room }: { room: string }) {
  const ask = useCallback(() => getRoom(room), [room]);
  const { answer: card, problem, again } = useAnswer(ask, 3_000);
  const role = card?.roles.find((one) => one === "coach") ?? card?.roles.find((one) => one === "observer");
  if (card && role) return <InRoom id={room} role={role} />;
  return (
    <Frame title="Coach">
      {card ? (
        <Trouble
          problem={{ code: "not_your_role", sentence: "You were invited as the candidate of this room.", retry: false }}
        >
          <Link to={`/rooms/${room}`} className="button button--main">
            Go to the interview
          </Link>
        </Trouble>
      ) : problem ? (
        <Trouble problem={problem} {...(problem.retry && { again })} />
      ) : (
        <p className="soft">Opening the door…</p>
      )}
    </Frame>
  );
}

function InRoom({ id, role }: { id: string; role: Role }) {
  const session = useNewSession(id, role);
  const room = useConnection(session, (connection) => connection.room);
  const over = useConnection(session, ({ stage }) => stage === "over");
  const problem = useConnection(session, (connection) => connection.problem);
  return (
    <RoomProvider value={session}>
      <Frame
        wide
        snug
        title={role === "coach" ? "Coach" : "Observer"}
        beside={
          <>
            <People />
            <ConnectionState />
          </>
        }
      >
        {over && problem ? (
          <Trouble problem={problem} again={() => session.enter()} />
        ) : room ? (
          <Desk room={room} acts={role === "coach"} />
        ) : (
          <p className="soft">{problem?.sentence ?? "Opening the door…"}</p>
        )}
      </Frame>
    </RoomProvider>
  );
}

function Desk({ room, acts }: { room: Room; acts: boolean }) {
  const done = room.turns.filter((turn) => turn.closed_ms !== null).length;
  const closed = room.phase === "closed";
  return (
    <div className="desk">
      <header className="desk__head">
        <h1>{MODES[room.mode].name} interview</h1>
        <Bulbs done={done} asked={room.turns.length} length={room.length} />
        {acts && !closed && (
          <div className="row desk__room">
            {room.phase !== "lobby" && <PauseButton paused={room.paused} />}
            <EndButton ending={room.ending} />
          </div>
        )}
      </header>
      <Notices />
      {room.transcriber?.caution && <Caution>{room.transcriber.caution}</Caution>}
      {closed && (
        <p className="callout">
          <span>
            The interview is over. <Link to={`/reports/${room.id}`}>Read the report</Link>
          </span>
        </p>
      )}
      <Turns room={room} />
      <aside className="desk__side" aria-label="At hand">
        <Panel title="Now">
          <Now room={room} />
        </Panel>
        {acts && !closed && (
          <>
            <Panel title="Help">
              <Whisper />
              {room.whispers.length > 0 && (
                <ul className="lines" aria-label="Whispers">
                  {room.whispers.map((whisper) => (
                    <li key={`${whisper.at_ms}${whisper.text}`}>{whisper.text}</li>
                  ))}
                </ul>
              )}
            </Panel>
            <Panel title="Next question">
              <NextQuestion room={room} />
            </Panel>
            <Panel title="Interviewer’s chair">
              <Chair room={room} />
            </Panel>
          </>
        )}
        {acts && (!closed || room.notes.length > 0) && (
          <Panel title="Notes">
            <Notes room={room} />
          </Panel>
        )}
        {acts && !closed && (
          <Panel title="Invite">
            <Invitations room={room.id} />
          </Panel>
        )}
      </aside>
    </div>
  );
}

function Panel({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="card panel" aria-label={title}>
      <h2 className="panel__title">{title}</h2>
      {children}
    </section>
  );
}

/** Everything asked and answered so far. Follows the newest words as long as one looks at the end. */
function Turns({ room }: { room: Room }) {
  const session = useSession();
  const partial = useConnection(session, ({ told }) => told.partial);
  const end = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  useEffect(() => {
    const look = () => {
      const { scrollHeight, clientHeight, scrollTop } = document.documentElement;
      follows.current = scrollHeight - clientHeight - scrollTop < NEAR_END_PX;
    };
    window.addEventListener("scroll", look, { passive: true });
    return () => window.removeEventListener("scroll", look);
  }, []);
  useEffect(() => {
    if (follows.current && room.turns.length > 1) end.current?.scrollIntoView({ block: "nearest" });
  }, [room.turns, partial]);
  return (
    <section className="desk__turns" aria-label="Questions and answers">
      {room.turns.length === 0 && (
        <p className="lead">
          {room.consented
            ? "The candidate has consented and gets ready. The first question appears here."
            : "The candidate has not come in yet. Nothing is heard before they consent."}
        </p>
      )}
      {room.turns.map((turn) => (
        <TurnCard key={turn.number} room={room} turn={turn} partial={partial?.turn === turn.number ? partial : null} />
      ))}
      <div ref={end} />
    </section>
  );
}

import { useCallback } from "react";

import { getRoom } from "../api";
import { EndButton, PauseButton } from "../candidate/controls";
import { Chair, Notes, Whisper } from "../coach/actions";
import { Hands, type Hand } from "../coach/hands";
import { Invitations } from "../coach/invitations";
import { NextQuestion } from "../coach/next";
import { Now } from "../coach/now";
import { TurnCard } from "../coach/turn";
import { Bulbs } from "../parts/bulbs";
import { Frame } from "../parts/frame";
import { Link } from "../parts/link";
import { Notices } from "../parts/notices";
import { People } from "../parts/people";
import { Restored } from "../parts/restored";
import { ConnectionState } from "../parts/state";
import { Caution, Trouble } from "../parts/trouble";
import { useAnswer } from "../parts/useAnswer";
import type { Role, Room } from "../protocol";
import { RoomProvider, useConnection, useNewSession, useSession } from "../room/useRoom";
import { day, MODES } from "../words";
import "./coach.css";

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
      <Restored words="The room was restored after an outage. What was said in the last moment before may be missing." />
      {room.transcriber?.caution && <Caution>{room.transcriber.caution}</Caution>}
      {closed && (
        <p className="callout">
          <span>
            {room.closing === "abandoned" ? "Everybody had left, so the interview ended." : "The interview is over."}{" "}
            <Link to={`/reports/${room.id}`}>Read the report</Link>
          </span>
        </p>
      )}
      {room.scheduled && room.starts_at !== null && <Planned at={room.starts_at} acts={acts} />}
      <Turns room={room} />
      <Hands hands={hands(room, acts)} />
    </div>
  );
}

/** What somebody has at hand: who only watches has less of it, and a closed room leaves little to do. */
function hands(room: Room, acts: boolean): Hand[] {
  const open = acts && room.phase !== "closed";
  const help = (
    <>
      <Whisper />
      {room.whispers.length > 0 && (
        <ul className="lines" aria-label="Whispers">
          {room.whispers.map((whisper) => (
            <li key={`${whisper.at_ms}${whisper.text}`}>{whisper.text}</li>
          ))}
        </ul>
      )}
    </>
  );
  return [
    { name: "Now", title: "Now", panel: <Now room={room} /> },
    open && { name: "Whisper", title: "Help", panel: help },
    open && { name: "Next", title: "Next question", panel: <NextQuestion room={room} /> },
    open && { name: "Chair", title: "Interviewer’s chair", panel: <Chair room={room} /> },
    acts && (open || room.notes.length > 0) && { name: "Notes", title: "Notes", panel: <Notes room={room} /> },
    open && { name: "Invite", title: "Invite", panel: <Invitations room={room.id} /> },
  ].filter((hand) => hand !== false);
}

/** A room that waits for its time. */
function Planned({ at, acts }: { at: number; acts: boolean }) {
  const session = useSession();
  return (
    <p className="callout" role="status">
      <span>
        This interview begins <strong>{day(at)}</strong>.{" "}
        {acts && (
          <button type="button" className="button button--small" onClick={() => session.wish({ kind: "open_lobby" })}>
            Open it now
          </button>
        )}
      </span>
    </p>
  );
}

/** Everything asked and answered so far, newest first: what goes on now needs no looking for. */
function Turns({ room }: { room: Room }) {
  const session = useSession();
  const partial = useConnection(session, ({ told }) => told.partial);
  return (
    <section className="desk__turns" aria-label="Questions and answers, newest first">
      {room.turns.length === 0 && (
        <p className="lead">
          {room.consented
            ? "The candidate has consented and gets ready. The first question appears here."
            : "The candidate has not come in yet. Nothing is heard before they consent."}
        </p>
      )}
      {room.turns.toReversed().map((turn) => (
        <TurnCard key={turn.number} room={room} turn={turn} partial={partial?.turn === turn.number ? partial : null} />
      ))}
    </section>
  );
}

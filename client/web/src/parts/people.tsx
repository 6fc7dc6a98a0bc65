import { useConnection, useSession } from "../room/useRoom";
import { isNameless, ROLES } from "../words";
import "./people.css";

/** Who is in the room right now. */
export function People() {
  const session = useSession();
  const people = useConnection(session, (connection) => connection.room?.people);
  const you = useConnection(session, (connection) => connection.you?.id);
  const here = (people ?? []).filter((one) => one.connections.length > 0);
  if (!here.length) return null;
  return (
    <ul className="people" aria-label="Who is here">
      {here.map(({ participant }) => (
        <li key={participant.id} className={`person person--${participant.role}`}>
          {participant.id === you ? "You " : isNameless(participant) ? "" : `${participant.name} `}
          <span className="soft">{ROLES[participant.role].toLowerCase()}</span>
        </li>
      ))}
    </ul>
  );
}

/** React's hold on a room: one session per page, and parts of its connection that render only when they change. */
import { createContext, useContext, useEffect, useState, useSyncExternalStore } from "react";

import type { Event, Role } from "../protocol";
import { unsafeMs } from "./audio";
import { AT_REST, type Connection } from "./connection";
import { Session, type Refusing } from "./session";
import { ownName } from "../name";

/** With more of the voice than this still on its way, the browser asks before it closes the page. */
const UNSAFE_TO_LEAVE_MS = 3_000;

const InRoom = createContext<Session | null>(null);
export const RoomProvider = InRoom.Provider;

export function useSession(): Session {
  const session = useContext(InRoom);
  if (!session) throw new Error("this part is only for inside a room");
  return session;
}

/** A session that is entered while the page is shown. */
export function useNewSession(room: string, role: Role): Session {
  const [session] = useState(() => new Session(room, role, ownName));
  useEffect(() => {
    session.enter();
    const back = () => session.enter();
    const leaving = (unload: BeforeUnloadEvent) => {
      if (unsafeMs(session.connection().microphone) > UNSAFE_TO_LEAVE_MS) unload.preventDefault();
    };
    window.addEventListener("online", back);
    window.addEventListener("beforeunload", leaving);
    return () => {
      window.removeEventListener("online", back);
      window.removeEventListener("beforeunload", leaving);
      session.leave();
    };
  }, [session]);
  return session;
}

/** One part of the connection. `select` must return something stable: a field, a string, a number. */
export function useConnection<Part>(session: Session, select: (connection: Connection) => Part): Part {
  return useSyncExternalStore(
    session.subscribe,
    () => select(session.connection()),
    () => select(AT_REST),
  );
}

export function useEvents(session: Session, listener: (event: Event) => void): void {
  useEffect(() => session.onEvent(listener), [session, listener]);
}

export function useRefusals(session: Session, listener: (refusing: Refusing) => void): void {
  useEffect(() => session.onRefusal(listener), [session, listener]);
}

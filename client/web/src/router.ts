/** Which page an address means, and going from one to another without loading anew. */
import { useSyncExternalStore } from "react";

export type Place =
  | { page: "home" }
  | { page: "candidate"; room: string }
  | { page: "coach"; room: string }
  | { page: "report"; room: string }
  | { page: "review"; room: string }
  | { page: "reviews" }
  | { page: "fairness" }
  | { page: "operations" }
  | { page: "nowhere" };

export function placeOf(path: string): Place {
  const [first, room, third, ...rest] = path.split("/").filter(Boolean).map(decodeURIComponent);
  if (rest.length) return { page: "nowhere" };
  if (first === undefined) return { page: "home" };
  if (first === "operations" && !room) return { page: "operations" };
  if (first === "rooms" && room && !third) return { page: "candidate", room };
  if (first === "rooms" && room && third === "coach") return { page: "coach", room };
  if (first === "reports" && room && !third) return { page: "report", room };
  if (first === "reports" && room && third === "review") return { page: "review", room };
  if (first === "reviews" && !room) return { page: "reviews" };
  if (first === "fairness" && !room) return { page: "fairness" };
  return { page: "nowhere" };
}

const watchers = new Set<() => void>();

function subscribe(watcher: () => void): () => void {
  watchers.add(watcher);
  window.addEventListener("popstate", watcher);
  return () => {
    watchers.delete(watcher);
    window.removeEventListener("popstate", watcher);
  };
}

export function go(path: string): void {
  history.pushState(null, "", path);
  window.scrollTo(0, 0);
  watchers.forEach((watcher) => watcher());
  // A new page is read from its beginning; a page that wants the focus elsewhere takes it later.
  document.getElementById("main")?.focus({ preventScroll: true });
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => location.pathname);
}

/** What others in a room call this person: chosen here, kept in this browser. */
const SHELF = "greenroom.name";

export function ownName(): string | null {
  return localStorage.getItem(SHELF);
}

export function callMe(name: string): void {
  const trimmed = name.trim().slice(0, 80);
  if (trimmed) localStorage.setItem(SHELF, trimmed);
  else localStorage.removeItem(SHELF);
}

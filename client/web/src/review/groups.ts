/** A CSV of declared groups into rows, and figures into a CSV. */
import type { DeclaredGroup } from "../api";
import type { GroupFigures } from "../report";

/** The rows of a CSV with the columns room and group; or a sentence that says what is wrong with it. */
export function groupsIn(text: string): DeclaredGroup[] | string {
  const [head, ...lines] = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .filter((line) => line.trim())
    .map(fields);
  const columns = head ?? [];
  for (const wanted of ["room", "group"]) if (!columns.includes(wanted)) return `The file has no column ${wanted}.`;
  const rows: DeclaredGroup[] = [];
  for (const [place, line] of lines.entries()) {
    const field = (name: string) => line[columns.indexOf(name)]?.trim() ?? "";
    const [room, group, error] = [field("room"), field("group"), field("word_error")];
    if (!room || !group) return `Row ${place + 1}: a room and a group are wanted.`;
    if (error && !Number.isFinite(Number(error))) return `Row ${place + 1}: “${error}” is no number.`;
    rows.push({ room, group, candidate: field("candidate"), word_error: error ? Number(error) : null });
  }
  return rows.length ? rows : "The file has no rows.";
}

/** The fields of one line; quotes hold commas, and doubled quotes a quote. */
function fields(line: string): string[] {
  // With a comma before each field no match is empty: behind an empty one the next field would be passed over.
  const found = [...`,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,]*))/g)];
  return found.map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "");
}

/** Every figure, a line for each group. What a spreadsheet would run as a formula is quoted. */
export function groupsOut(groups: GroupFigures[]): string {
  const columns = Object.keys(groups[0] ?? {}) as (keyof GroupFigures)[];
  const line = (one: GroupFigures) => columns.map((name) => field(one[name])).join(",");
  return [columns.join(","), ...groups.map(line)].join("\r\n");
}

function field(value: string | number | boolean | null): string {
  const plain = value === null ? "" : String(value);
  if (typeof value !== "string") return plain;
  const safe = /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
  return `"${safe.replaceAll('"', '""')}"`;
}

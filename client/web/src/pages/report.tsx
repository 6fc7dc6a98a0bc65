import { Frame } from "../parts/frame";

export function Report({ room }: { room: string }) {
  return <Frame title="Report">{room}</Frame>;
}

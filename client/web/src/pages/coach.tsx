import { Frame } from "../parts/frame";

export function Coach({ room }: { room: string }) {
  return <Frame title="Coach">{room}</Frame>;
}

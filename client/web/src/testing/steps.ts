/** One connection, step by step, for tests: what is fed to it, and what it says. */
import type { ServerMessage } from "../protocol";
import { AT_REST, step, type Connection, type Effect, type Input } from "../room/connection";
import { roomAfter, welcome } from "./wire";

export class Steps {
  now: Connection = AT_REST;
  /** Of the last input. */
  effects: Effect[] = [];

  readonly feed = (...inputs: Input[]): void => {
    for (const input of inputs) [this.now, this.effects] = step(this.now, input);
  };

  readonly said = () =>
    this.effects.flatMap((effect) => (effect.do === "say" ? [JSON.parse(effect.text) as { id: string }] : []));

  readonly greeting = () =>
    this.effects.flatMap((effect) =>
      effect.do === "greet" ? [JSON.parse(effect.text) as { resume: unknown; protocol: number }] : [],
    )[0];
}

export const told = (message: ServerMessage): Input => ({ is: "message", message });
export const enter: Input[] = [{ is: "enter" }, { is: "ticket", ticket: "secret" }, { is: "opened", ticket: "secret" }];
export const live = (room = roomAfter()): Input[] => [...enter, told(welcome(room))];
export const closed = (code: number): Input => ({ is: "closed", code });
export const wish = (id: string): Input => ({ is: "wish", id, command: { kind: "start_interview" } });

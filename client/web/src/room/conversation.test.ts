/** The page's client does what the Python one did in the same conversations: tests/laws/conversation_traces.py. */
import { expect, it } from "vitest";

import type { Command, Cursor, Room, ServerMessage } from "../protocol";
import { Steps } from "../testing/steps";
import { AT_REST, type Input } from "./connection";
import fixture from "./conversation.fixture.json";
import { pending, restored, unsafe } from "./outbox";

interface Step {
  in: string;
  second?: boolean;
  message?: ServerMessage;
  id?: string;
  command?: Command;
  code?: number;
  hello?: Cursor | null;
  kept?: { id: string; command: Command }[];
  says: string[];
  cursor: Cursor | null;
  standing: [number, number, number];
}

/** What the step is in the page's own words. */
function inputs({ second = false, ...step }: Step): Input[] {
  switch (step.in) {
    case "wish":
      return [{ is: "wish", id: step.id ?? "", command: step.command as Command }];
    case "opened":
      return second
        ? [
            { is: "message", message: { type: "moving", within_ms: 100 } },
            { is: "move" },
            { is: "ticket", ticket: "t" },
            { is: "opened", ticket: "t", second },
          ]
        : [{ is: "enter" }, { is: "ticket", ticket: "t" }, { is: "opened", ticket: "t" }];
    case "message":
      return [{ is: "message", message: step.message as ServerMessage, second }];
    case "closed":
      return [{ is: "closed", code: step.code ?? 1006 }];
    case "closed_both":
      return [
        { is: "closed", code: 1006 },
        { is: "closed", code: 1006, second: true },
      ];
    case "tick":
      return [{ is: "tick" }];
    default:
      return []; // it has left by itself
  }
}

it.each((fixture as unknown as { steps: Step[]; room: Room }[]).map((story, n) => [n, story] as const))(
  "in conversation %i",
  (_n, { steps, room }) => {
    const line = new Steps();
    steps.forEach((step, n) => {
      const at = `step ${n}: ${step.in}`;
      if (step.in === "killed") {
        const kept = (step.kept ?? []).map((wish) => ({ ...wish, by: null }));
        line.now = { ...AT_REST, outbox: restored(kept) };
      }
      const said: string[] = [];
      for (const input of inputs(step)) {
        line.feed(input);
        said.push(...line.said().map(({ id }) => id));
      }
      if (step.in === "opened") expect(line.greeting()?.resume ?? null, at).toEqual(step.hello);
      if (step.in === "left") expect(line.now.stage, at).toBe("waiting");
      expect(said, at).toEqual(step.says);
      expect(line.now.story.cursor, at).toEqual(step.cursor);
      const { outbox } = line.now;
      expect([pending(outbox).length, unsafe(outbox), outbox.durable], at).toEqual(step.standing);
    });
    expect(line.now.room).toEqual(room);
  },
);

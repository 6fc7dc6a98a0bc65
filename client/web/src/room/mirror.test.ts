import { describe, expect, it } from "vitest";

import type { Event, Room } from "../protocol";
import fixture from "./mirror.fixture.json";
import { after } from "./mirror";

type Step = { event: Event; changes: Partial<Room> };

describe.each(Object.entries(fixture) as [string, unknown][])("the room as a %s sees it", (_role, steps) => {
  it("is after every event the same as the server's", () => {
    let room: Room | null = null;
    let expected = {} as Room;
    for (const { event, changes } of steps as Step[]) {
      room = after(room, event);
      expected = { ...expected, ...changes };
      expect(room, event.kind).toEqual(expected);
    }
    expect(room?.phase).toBe("closed");
  });
});

it("refuses a story that does not begin at the beginning", () => {
  expect(() => after(null, { kind: "interview_started" })).toThrow("begins with room_opened");
});

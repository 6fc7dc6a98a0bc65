import { beforeEach, describe, expect, it } from "vitest";

import { CLOSE } from "../protocol";
import { closed, enter, Steps, told } from "../testing/steps";
import { roomAfter, welcome } from "../testing/wire";

let line: Steps;

beforeEach(() => {
  line = new Steps();
  line.feed(...enter, told(welcome(roomAfter(), { return_ticket: "back", return_after_ms: 1_500 })));
});

describe("a return ticket", () => {
  it("brings a page back in place of a new ticket, once", () => {
    line.feed(closed(1006), { is: "enter" });
    expect(line.effects).toEqual([{ do: "connect", ticket: "back", second: false }]);
    line.feed({ is: "opened", ticket: "back" });
    expect(line.greeting()).toMatchObject({ ticket: "back", resume: { version: 10 } });
    line.feed(closed(1006), { is: "enter" });
    expect(line.effects).toEqual([{ do: "get_ticket" }]);
  });

  it("is kept while no socket opens", () => {
    line.feed(closed(1006), { is: "enter" }, closed(1006), { is: "enter" });
    expect(line.effects).toEqual([{ do: "connect", ticket: "back", second: false }]);
  });

  it("that came too late is followed by a new ticket at once", () => {
    line.feed(closed(1006), { is: "enter" }, { is: "opened", ticket: "back" });
    line.feed(
      told({ type: "goodbye", code: "ticket_invalid", sentence: "Spent.", retry: true }),
      closed(CLOSE.TICKET_INVALID),
    );
    expect(line.effects).toEqual([{ do: "get_ticket" }]);
    expect([line.now.stage, line.now.problem]).toEqual(["entering", null]);
    line.feed({ is: "ticket", ticket: "new" }, { is: "opened", ticket: "new" }, closed(CLOSE.TICKET_INVALID));
    expect(line.effects).toMatchObject([{ do: "wait" }]);
  });

  it("opens the second socket of a move, and not for who left and comes in anew", () => {
    line.feed(told({ type: "moving", within_ms: 1_000 }), { is: "move" });
    expect(line.effects).toEqual([{ do: "connect", ticket: "back", second: true }]);
    line.feed({ is: "left" }, { is: "enter" });
    expect(line.effects).toEqual([{ do: "get_ticket" }]);
  });
});

describe("a place in the line", () => {
  it("is waited for by who was cut off", () => {
    line.feed(closed(1006));
    expect(line.effects).toEqual([{ do: "wait", fromMs: 1_500, toMs: 1_800 }]);
  });

  it("is not for who is sent elsewhere, or gave up on a silent line", () => {
    line.feed(closed(CLOSE.GOING_AWAY));
    expect(line.effects).toEqual([{ do: "wait", fromMs: 0, toMs: 300 }]);
    line.feed({ is: "enter" }, { is: "opened", ticket: "back" }, told(welcome(roomAfter(), { return_after_ms: 9 })));
    line.feed({ is: "steady" }, { is: "stalled" });
    expect(line.effects).toContainEqual({ do: "wait", fromMs: 0, toMs: 300 });
  });
});

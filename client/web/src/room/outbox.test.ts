import { beforeEach, describe, expect, it } from "vitest";

import { CLOSE, type ServerMessage } from "../protocol";
import { closed, enter, live, Steps, told, wish } from "../testing/steps";
import { CONSENTED, happened, roomAfter, welcome } from "../testing/wire";
import { AT_REST, type Input } from "./connection";
import { NOT_YET_LIMIT, restored } from "./outbox";

let line: Steps;

beforeEach(() => {
  line = new Steps();
});

describe("a worker that goes away", () => {
  const moving = told({ type: "moving", within_ms: 3_000 });
  const second = (message: ServerMessage): Input => ({ is: "message", message, second: true });
  const greetSecond: Input[] = [
    { is: "move" },
    { is: "ticket", ticket: "t2" },
    { is: "opened", ticket: "t2", second: true },
  ];
  const resumed = (n: number, version: number) =>
    second(welcome(null, { resumed: n, cursor: { epoch: "e", version, tag: `t${version}` } }));

  it("is left for a second socket within its time, and is used until then", () => {
    line.feed(...live(), moving);
    expect(line.effects).toEqual([{ do: "wait_to_move", fromMs: 0, toMs: 1_800 }]);
    line.feed(...greetSecond);
    expect(line.effects).toMatchObject([{ do: "greet", second: true }]);
    line.feed(wish("a"), told(happened(11, CONSENTED)));
    expect([line.now.stage, line.now.room?.consented]).toEqual(["live", true]);
    line.feed(resumed(1, 11));
    expect(line.effects.map((effect) => effect.do)).toEqual(["switch", "say"]);
    line.feed(told(happened(11, CONSENTED)));
    expect([line.now.stage, line.now.second, line.now.moves, line.now.story.owed]).toEqual(["live", null, 1, 0]);
  });

  it("may know more than the one that takes over does yet", () => {
    line.feed(...live(), moving, ...greetSecond, told(happened(11, CONSENTED)), resumed(0, 10));
    expect([line.now.stage, line.now.story.cursor?.version, line.now.room?.consented]).toEqual(["live", 11, true]);
  });

  it("is taken over by oneself, which is no news", () => {
    line.feed(...live(), moving, ...greetSecond, closed(CLOSE.TAKEN_OVER));
    expect([line.now.stage, line.now.problem]).toEqual(["greeting", null]);
    line.feed(resumed(0, 10));
    expect(line.now.stage).toBe("live");
  });

  it("is taken over by another device before the second socket has said hello: that is the end here", () => {
    line.feed(...live(), moving, { is: "move" }, closed(CLOSE.TAKEN_OVER));
    expect(line.now.stage).toBe("over");
    expect(line.effects).toEqual([{ do: "close_second" }]);
  });

  it("stays in use when the second socket is not let in, and another try follows", () => {
    line.feed(...live(), moving, ...greetSecond, { is: "closed", code: CLOSE.GOING_AWAY, second: true });
    expect([line.now.stage, line.now.second]).toEqual(["live", "resting"]);
    expect(line.effects.map((effect) => effect.do)).toEqual(["close_second", "wait_to_move"]);
    line.feed(...greetSecond, resumed(0, 10));
    expect(line.now.moves).toBe(1);
  });

  it("that ends before anybody moved is come back from in the usual way", () => {
    line.feed(...live(), moving, closed(CLOSE.GOING_AWAY));
    expect(line.effects.map((effect) => effect.do)).toEqual(["close_second", "wait"]);
    line.feed(...enter, told(welcome(null, { resumed: 0 })));
    expect([line.now.stage, line.now.moves]).toEqual(["live", 0]);
  });

  it("that ends with the second socket greeted and then refused is come back from too", () => {
    line.feed(...live(), moving, ...greetSecond, closed(1006), { is: "closed", code: 1006, second: true });
    expect([line.now.stage, line.now.second]).toEqual(["waiting", null]);
  });
});

describe("until it is durable", () => {
  const accept = (id: string, version: number) => told({ type: "accepted", id, version });
  const reset = (epoch: string, durable = 0) =>
    told(welcome(roomAfter(CONSENTED), { reset: "epoch", cursor: { epoch, version: 10, tag: "x" }, durable }));

  it("a wish is kept, and offered again in order when the log began a new life", () => {
    line.feed(...live(), wish("a"), wish("b"), accept("a", 11), accept("b", 12), wish("c"));
    line.feed(told({ type: "durable", version: 11 }), closed(CLOSE.LOST_TRACK), ...enter);
    expect(line.greeting()).toMatchObject({ resume: null });
    line.feed(reset("f"));
    expect(line.said().map(({ id }) => id)).toEqual(["b", "c"]);
    expect([line.now.resets, line.now.outbox.durable]).toEqual([1, 1]);
  });

  it("a refused one is never offered again", () => {
    line.feed(...live(), wish("a"), told({ type: "refused", id: "a", code: "paused", sentence: "No.", retry: true }));
    line.feed(closed(1006), ...enter, reset("f"));
    expect(line.said()).toEqual([]);
  });

  it("a server of the release before keeps nobody waiting for what it never says", () => {
    line.feed(...enter, told(welcome(roomAfter(), { protocol: 1 })), wish("a"), accept("a", 11));
    expect(line.now.outbox.wishes).toEqual([]);
  });

  it("a worker of the release before is spoken to in its version", () => {
    line.feed(...enter, closed(CLOSE.PROTOCOL_UNKNOWN), ...enter);
    expect(line.greeting()).toMatchObject({ protocol: 1 });
    line.feed(closed(CLOSE.PROTOCOL_UNKNOWN));
    expect(line.now.stage).toBe("over");
  });

  it("what was left by another person is not said", () => {
    const wishes = restored([
      { id: "mine", command: { kind: "start_interview" }, by: "p-ana" },
      { id: "theirs", command: { kind: "start_interview" }, by: "p-other" },
    ]);
    line.now = { ...AT_REST, outbox: wishes };
    line.feed(...live());
    expect(line.said().map(({ id }) => id)).toEqual(["mine"]);
  });
});

describe("a fault while a wish is on its way", () => {
  const away = (id: string) =>
    told({ type: "refused", id, code: "redis_away", sentence: "Rooms cannot be reached.", retry: true });

  it("keeps it under its id, says so, and puts it again", () => {
    line.feed(...live(), wish("a"), away("a"));
    expect([line.effects, line.now.hindrance]).toEqual([[], "Rooms cannot be reached."]);
    line.feed(wish("b"));
    expect(line.said()).toEqual([]); // nothing overtakes it
    line.feed({ is: "tick" });
    expect(line.said().map(({ id }) => id)).toEqual(["a", "b"]);
    line.feed(told({ type: "accepted", id: "a", version: 11 }));
    expect(line.now.hindrance).toBeNull();
  });

  it("keeps what was accepted once until the room is as far again, but not for ever", () => {
    const notYet = told({ type: "refused", id: "a", code: "no_open_turn", sentence: "Wait.", retry: true });
    line.feed(...live(), wish("a"), told({ type: "accepted", id: "a", version: 11 }));
    line.feed(closed(1006), ...live());
    expect(line.said().map(({ id }) => id)).toEqual(["a"]);
    for (let tries = 0; tries < NOT_YET_LIMIT; tries++) {
      line.feed(notYet);
      expect(line.effects).toEqual([]);
      line.feed({ is: "tick" });
      expect(line.said().map(({ id }) => id)).toEqual(["a"]);
    }
    line.feed(notYet);
    expect(line.effects.map((effect) => effect.do)).toEqual(["show_refusal"]);
  });

  it("of having been forgotten brings a new connection, once", () => {
    const forgotten = told({ type: "refused", id: "a", code: "not_in_room", sentence: "Gone.", retry: true });
    line.feed(...live(), wish("a"), forgotten);
    expect(line.now.stage).toBe("waiting");
    line.feed(...enter, told(welcome(null, { resumed: 0 })), forgotten);
    expect(line.effects.map((effect) => effect.do)).toEqual(["show_refusal"]);
  });
});

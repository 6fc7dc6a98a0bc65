import { beforeEach, describe, expect, it } from "vitest";

import { CLOSE, type ServerMessage } from "../protocol";
import { asked, began, CONSENTED, happened, roomAfter, spoken, STARTED, welcome } from "../testing/wire";
import { AT_REST, hello, LONGEST_WAIT_MS, step, waitMs, type Connection, type Effect, type Input } from "./connection";

let now: Connection;
let effects: Effect[];

function feed(...inputs: Input[]): void {
  for (const input of inputs) [now, effects] = step(now, input);
}
const told = (message: ServerMessage): Input => ({ is: "message", message });
const said = () =>
  effects.flatMap((effect) => (effect.do === "say" ? [JSON.parse(effect.text) as { id: string }] : []));
const played = () =>
  effects.flatMap((effect) =>
    effect.do === "play" ? effect.frames.map((frame) => new DataView(frame.buffer).getUint32(4)) : [],
  );
const enter: Input[] = [{ is: "enter" }, { is: "ticket", ticket: "secret" }];
const live = (room = roomAfter()): Input[] => [...enter, told(welcome(room))];
const frame: Input = { is: "frame", pcm: new Int16Array(640), captureMs: 0 };
const closed = (code: number): Input => ({ is: "closed", code });
const wish = (id: string): Input => ({ is: "wish", id, command: { kind: "start_interview" } });

beforeEach(() => {
  now = AT_REST;
  effects = [];
});

describe("entering a room", () => {
  it("gets a ticket, connects with it and says hello", () => {
    feed({ is: "enter" });
    expect(effects).toEqual([{ do: "get_ticket" }]);
    feed({ is: "ticket", ticket: "secret" });
    expect(effects).toEqual([{ do: "connect", ticket: "secret" }]);
    expect(JSON.parse(hello(now, "secret"))).toMatchObject({
      type: "hello",
      protocol: 2,
      ticket: "secret",
      resume: null,
    });
  });

  it("is the room of the welcome", () => {
    feed(...live(roomAfter(CONSENTED)));
    expect(now.stage).toBe("live");
    expect(now.room?.consented).toBe(true);
    expect(now.cursor?.version).toBe(10);
  });

  it("stops at a ticket that is refused for good, and says why", () => {
    feed({ is: "enter" }, { is: "no_ticket", problem: { code: "unknown_room", sentence: "No.", retry: false } });
    expect([now.stage, now.problem?.code]).toEqual(["over", "unknown_room"]);
    expect(effects).toEqual([]);
  });

  it("tries again when the server is away, slower each time, and not slower than it may", () => {
    const away: Input = { is: "no_ticket", problem: { code: "server_away", sentence: "Away.", retry: true } };
    feed({ is: "enter" }, away);
    expect(effects).toEqual([{ do: "wait", ms: 200 }]);
    feed({ is: "enter" }, away);
    expect(effects).toEqual([{ do: "wait", ms: 400 }]);
    expect(waitMs(50)).toBe(LONGEST_WAIT_MS);
  });
});

describe("what happened", () => {
  it("is folded into the room, and moves the cursor", () => {
    feed(...live(), told(happened(11, CONSENTED)));
    expect(now.room?.consented).toBe(true);
    expect(now.cursor).toEqual({ epoch: "e", version: 11, tag: "t11" });
    expect(effects).toEqual([{ do: "show_event", event: CONSENTED }]);
  });

  it("may skip versions that this role does not see", () => {
    feed(...live(), told(happened(14, CONSENTED, 10)));
    expect([now.stage, now.cursor?.version]).toEqual(["live", 14]);
  });

  it("is not counted twice", () => {
    const heard = happened(11, spoken(1, "u1", "hello"));
    feed(...live(roomAfter(CONSENTED, STARTED, asked(1), began(1))), told(heard), told(heard));
    expect(now.room?.turns[0]?.utterances).toHaveLength(1);
  });

  it("comes back for what it missed, with its cursor", () => {
    feed(...live(), told(happened(13, CONSENTED, 12)));
    expect(now.stage).toBe("waiting");
    expect(effects.map((effect) => effect.do)).toEqual(["close", "wait"]);
    expect(now.room?.consented).toBe(false);
    expect(JSON.parse(hello(now, "s"))).toMatchObject({ resume: { epoch: "e", version: 10, tag: "t10" } });
  });

  it("goes on after a resume where it was", () => {
    feed(
      ...live(),
      closed(1006),
      ...enter,
      told(welcome(null, { resumed: 1, cursor: { epoch: "e", version: 11, tag: "t11" } })),
    );
    expect(now.cursor?.version).toBe(10);
    feed(told(happened(11, CONSENTED)));
    expect([now.stage, now.room?.consented]).toEqual(["live", true]);
  });

  it("takes the whole room when it cannot be resumed", () => {
    const cursor = { epoch: "f", version: 3, tag: "x" };
    feed(
      ...live(),
      closed(CLOSE.LOST_TRACK),
      ...enter,
      told(welcome(roomAfter(CONSENTED), { reset: "epoch", cursor })),
    );
    expect([now.room?.consented, now.cursor]).toEqual([true, cursor]);
  });
});

describe("what a person wished", () => {
  it("is sent, and kept until it is answered", () => {
    feed(...live(), wish("a"));
    expect(said()).toEqual([{ type: "do", id: "a", command: { kind: "start_interview" } }]);
    expect(now.outbox).toHaveLength(1);
    feed(told({ type: "accepted", id: "a", version: 11 }));
    expect(now.outbox).toEqual([]);
  });

  it("is sent again on the next connection, under the same ids and in order", () => {
    feed(...live(), wish("a"), wish("b"), closed(1006), wish("c"));
    expect(effects).toEqual([]);
    feed(...enter, told(welcome(null, { resumed: 0 })));
    expect(said().map(({ id }) => id)).toEqual(["a", "b", "c"]);
  });

  it("to be done with a turn holds from the wish on, unless it is refused", () => {
    feed(...live(), { is: "wish", id: "d", command: { kind: "skip_question", turn: 2 } });
    feed(told({ type: "accepted", id: "d", version: 11 }));
    expect(now.doneWith).toBe(2);
    feed({ is: "wish", id: "e", command: { kind: "skip_question", turn: 3 } });
    feed(told({ type: "refused", id: "e", code: "paused", sentence: "Paused.", retry: true }));
    expect(now.doneWith).toBeNull();
  });

  it("is given back with the reason when it is refused", () => {
    feed(...live(), wish("a"));
    const refused = { type: "refused", id: "a", code: "consent_needed", sentence: "First.", retry: true } as const;
    feed(told(refused));
    expect(effects).toEqual([{ do: "show_refusal", refused, command: { kind: "start_interview" } }]);
    expect(now.outbox).toEqual([]);
  });
});

describe("an end of the connection", () => {
  it.each([1006, 1001, CLOSE.GOING_AWAY, CLOSE.TRY_AGAIN, CLOSE.TOO_SLOW, CLOSE.LOST_TRACK])(
    "%i: comes back",
    (code) => {
      feed(...live(), closed(code));
      expect(now.stage).toBe("waiting");
      expect(effects).toEqual([{ do: "wait", ms: 200 }]);
    },
  );

  it.each([CLOSE.REFUSED, CLOSE.TAKEN_OVER, CLOSE.ORIGIN_REFUSED, CLOSE.PROTOCOL_UNKNOWN, CLOSE.TOO_MUCH])(
    "%i: stays away, with a sentence",
    (code) => {
      feed(...live(), closed(code));
      expect(now.stage).toBe("over");
      expect(now.problem?.sentence).toMatch(/\w+\.$/);
    },
  );

  it("shows the sentence of the goodbye", () => {
    const goodbye = {
      type: "goodbye",
      code: "seat_taken",
      sentence: "Another candidate is here.",
      retry: false,
    } as const;
    feed(...enter, told(goodbye), closed(CLOSE.REFUSED));
    expect(now.problem).toEqual({ code: "seat_taken", sentence: "Another candidate is here.", retry: false });
  });

  it("gets fresh tickets for a spent one, but not for ever", () => {
    for (let n = 0; n < 3; n++) feed(...enter, closed(CLOSE.TICKET_INVALID));
    expect(now.stage).toBe("waiting");
    feed(...enter, closed(CLOSE.TICKET_INVALID));
    expect(now.stage).toBe("over");
  });

  it("moves when the worker goes, within the time it is given", () => {
    feed(...live(), told({ type: "moving", within_ms: 3_000 }));
    expect(effects).toEqual([{ do: "close" }, { do: "wait", ms: 3_000 }]);
    feed(...enter, told(welcome(null, { resumed: 0 })));
    expect(now.stage).toBe("live");
  });

  it("is noticed when answers stay out", () => {
    feed(...live(), { is: "stalled" });
    expect(effects.map((effect) => effect.do)).toEqual(["close", "wait"]);
  });

  it("can be taken back by the person", () => {
    feed(...live(), closed(CLOSE.TAKEN_OVER), { is: "enter" });
    expect([now.stage, now.problem]).toEqual(["entering", null]);
  });
});

describe("the voice", () => {
  const answering = roomAfter(CONSENTED, STARTED, asked(1), began(1));
  const open: Input = { is: "microphone", stream: "s", id: "m" };
  const opened = told(happened(11, { kind: "microphone_opened", stream: "s", offset_ms: 0 }));
  const safe = (through: number | null, again = false): Input =>
    told({ type: "audio_safe", stream: "s", through, again });

  it("waits until the room knows the microphone", () => {
    feed(...live(answering), open);
    expect(said()).toMatchObject([{ command: { kind: "open_microphone", stream: "s", sample_rate: 16_000 } }]);
    feed(frame);
    expect(effects).toEqual([]);
    feed(opened);
    expect(played()).toEqual([0]);
    feed(frame);
    expect(played()).toEqual([1]);
  });

  it("is kept until it is safe", () => {
    feed(...live(answering), open, opened, frame, frame, frame, safe(1));
    expect(now.microphone).toMatchObject({ first: 2, unsent: 3 });
  });

  it("goes out again from behind what the server let go of", () => {
    feed(...live(answering), open, opened, frame, frame, frame, safe(0, true));
    expect(played()).toEqual([1, 2]);
    feed(safe(null, true));
    expect(played()).toEqual([1, 2]);
  });

  it("loses nothing when the connection drops: kept meanwhile, sent again from what is safe", () => {
    feed(
      ...live(answering),
      open,
      opened,
      told({ type: "accepted", id: "m", version: 11 }),
      frame,
      frame,
      closed(1006),
      frame,
    );
    expect(effects).toEqual([]);
    feed(...enter, told(welcome(null, { resumed: 0, audio_through: 0 })));
    expect(played()).toEqual([1, 2]);
    expect(now.microphone).toMatchObject({ stream: "s", first: 1 });
  });

  it("is announced again when the connection dropped before the room knew of it", () => {
    feed(...live(answering), open, frame, closed(1006), frame, ...enter, told(welcome(null, { resumed: 0 })));
    expect(said()).toMatchObject([{ id: "m", command: { stream: "s" } }]);
    expect(played()).toEqual([]);
    feed(opened);
    expect(played()).toEqual([0, 1]);
  });

  it("says so when an outage was too long to keep it all", () => {
    feed(...live(answering), open, opened, frame, frame, frame, safe(1), closed(1006));
    feed(...enter, told(welcome(null, { resumed: 0, audio_through: null })));
    expect([now.lostVoice, now.microphone]).toEqual([true, null]);
  });
});

describe("what is told and not kept", () => {
  const answering = roomAfter(CONSENTED, STARTED, asked(1), began(1));
  const guess = { kind: "partial", turn: 1, utterance: "u1", stable: "so I", unstable: "thought" } as const;

  it("holds until the fact that settles it", () => {
    feed(...live(answering), told({ type: "telling", what: guess }));
    expect(now.told.partial).toEqual(guess);
    feed(told(happened(11, spoken(1, "u1", "so I thought"))));
    expect(now.told.partial).toBeNull();
  });

  it("is not cleared by another utterance's words", () => {
    feed(...live(answering), told({ type: "telling", what: guess }), told(happened(11, spoken(1, "u0", "earlier"))));
    expect(now.told.partial).toEqual(guess);
  });

  it("comes with the welcome for who arrives in the middle", () => {
    feed(...enter, told(welcome(answering, { told: [{ type: "telling", what: guess }] })));
    expect(now.told.partial).toEqual(guess);
  });
});

import { beforeEach, describe, expect, it } from "vitest";

import { CLOSE, type Event, type Telling } from "../protocol";
import { closed, enter, live, Steps, told, wish } from "../testing/steps";
import { asked, began, CONSENTED, happened, roomAfter, spoken, STARTED, welcome } from "../testing/wire";
import { LONGEST_WAIT_MS, pending, waitMs, type Input } from "./connection";

let line: Steps;

beforeEach(() => {
  line = new Steps();
});

const AT_11 = { epoch: "e", version: 11, tag: "t11" };
const frame: Input = { is: "frame", data: new Int16Array(640), captureMs: 0, rested: false };
const played = () =>
  line.effects.flatMap((effect) =>
    effect.do === "play" ? effect.frames.map((frame) => new DataView(frame.buffer).getUint32(4)) : [],
  );

describe("entering a room", () => {
  it("gets a ticket, connects with it and says hello", () => {
    line.feed({ is: "enter" });
    expect(line.effects).toEqual([{ do: "get_ticket" }]);
    line.feed({ is: "ticket", ticket: "secret" });
    expect(line.effects).toEqual([{ do: "connect", ticket: "secret", second: false }]);
    line.feed({ is: "opened", ticket: "secret" });
    expect(line.greeting()).toMatchObject({
      type: "hello",
      protocol: 2,
      ticket: "secret",
      resume: null,
    });
  });

  it("is the room of the welcome", () => {
    line.feed(...live(roomAfter(CONSENTED)));
    expect(line.now.stage).toBe("live");
    expect(line.now.room?.consented).toBe(true);
    expect(line.now.story.cursor?.version).toBe(10);
  });

  it("stops at a ticket that is refused for good, and says why", () => {
    line.feed({ is: "enter" }, { is: "no_ticket", problem: { code: "unknown_room", sentence: "No.", retry: false } });
    expect([line.now.stage, line.now.problem?.code]).toEqual(["over", "unknown_room"]);
    expect(line.effects).toEqual([]);
  });

  it("tries again when the server is away, slower each time, and not slower than it may", () => {
    const away: Input = { is: "no_ticket", problem: { code: "server_away", sentence: "Away.", retry: true } };
    line.feed({ is: "enter" }, away);
    expect(line.effects).toEqual([{ do: "wait", fromMs: 0, toMs: 300 }]);
    line.feed({ is: "enter" }, away);
    expect(line.effects).toEqual([{ do: "wait", fromMs: 200, toMs: 600 }]);
    expect(waitMs(50).toMs).toBe(LONGEST_WAIT_MS);
  });
});

describe("what is told", () => {
  const of = (utterance: string): Telling => ({
    type: "telling",
    what: { kind: "partial", turn: 1, utterance, stable: "hel", unstable: "" },
  });
  const guess = (utterance: string) => told(of(utterance));
  const answering = roomAfter(CONSENTED, STARTED, asked(1), began(1));

  it("ends with the fact that settles it, also where that comes first", () => {
    line.feed(...live(answering), guess("u1"));
    expect(line.now.told.partial?.utterance).toBe("u1");
    line.feed(told(happened(11, spoken(1, "u1", "hello"))), guess("u1"));
    expect(line.now.told.partial).toBeNull();
    line.feed(guess("u2"));
    expect(line.now.told.partial?.utterance).toBe("u2");
  });

  it("is nothing of a turn that is over, on the way and at the welcome", () => {
    const end: Event = { kind: "turn_closed", turn: 1, reason: "done", at_ms: 5_000 };
    const over = roomAfter(CONSENTED, STARTED, asked(1), began(1), end);
    line.feed(...enter, told(welcome(over, { told: [of("u1")] })));
    expect(line.now.told.partial).toBeNull();
    line.feed(guess("u1"));
    expect(line.now.told.partial).toBeNull();
  });
});

describe("what happened", () => {
  it("is folded into the room, and moves the cursor", () => {
    line.feed(...live(), told(happened(11, CONSENTED)));
    expect(line.now.room?.consented).toBe(true);
    expect(line.now.story.cursor).toEqual({ epoch: "e", version: 11, tag: "t11" });
    expect(line.effects).toEqual([{ do: "show_event", event: CONSENTED }]);
  });

  it("may skip versions that this role does not see", () => {
    line.feed(...live(), told(happened(14, CONSENTED, 10)));
    expect([line.now.stage, line.now.story.cursor?.version]).toEqual(["live", 14]);
  });

  it("is not counted twice", () => {
    const heard = happened(11, spoken(1, "u1", "hello"));
    line.feed(...live(roomAfter(CONSENTED, STARTED, asked(1), began(1))), told(heard), told(heard));
    expect(line.now.room?.turns[0]?.utterances).toHaveLength(1);
  });

  it("comes back for what it missed, with its cursor", () => {
    line.feed(...live(), told(happened(13, CONSENTED, 12)));
    expect(line.now.stage).toBe("waiting");
    expect(line.effects.map((effect) => effect.do)).toEqual(["close", "wait"]);
    expect(line.now.room?.consented).toBe(false);
    line.feed(...enter);
    expect(line.greeting()).toMatchObject({ resume: { epoch: "e", version: 10, tag: "t10" } });
  });

  it("goes on after a resume where it was", () => {
    line.feed(
      ...live(),
      closed(1006),
      ...enter,
      told(welcome(null, { resumed: 1, cursor: { epoch: "e", version: 11, tag: "t11" } })),
    );
    expect(line.now.story.cursor?.version).toBe(10);
    line.feed(told(happened(11, CONSENTED)));
    expect([line.now.stage, line.now.room?.consented]).toEqual(["live", true]);
  });

  it("takes the whole room when it cannot be resumed", () => {
    const cursor = { epoch: "f", version: 3, tag: "x" };
    line.feed(
      ...live(),
      closed(CLOSE.LOST_TRACK),
      ...enter,
      told(welcome(roomAfter(CONSENTED), { reset: "epoch", cursor })),
    );
    expect([line.now.room?.consented, line.now.story.cursor]).toEqual([true, cursor]);
  });
});

describe("what a person wished", () => {
  it("is sent, and kept until it is answered", () => {
    line.feed(...live(), wish("a"));
    expect(line.said()).toEqual([{ type: "do", id: "a", command: { kind: "start_interview" } }]);
    expect(pending(line.now)).toHaveLength(1);
    line.feed(told({ type: "accepted", id: "a", version: 11 }));
    expect(pending(line.now)).toEqual([]);
  });

  it("is sent again on the next connection, under the same ids and in order", () => {
    line.feed(...live(), wish("a"), wish("b"), closed(1006), wish("c"));
    expect(line.effects).toEqual([]);
    line.feed(...enter, told(welcome(null, { resumed: 0 })));
    expect(line.said().map(({ id }) => id)).toEqual(["a", "b", "c"]);
  });

  it("to be done with a turn holds from the wish on, unless it is refused", () => {
    line.feed(...live(), { is: "wish", id: "d", command: { kind: "skip_question", turn: 2 } });
    line.feed(told({ type: "accepted", id: "d", version: 11 }));
    expect(line.now.doneWith).toBe(2);
    line.feed({ is: "wish", id: "e", command: { kind: "skip_question", turn: 3 } });
    line.feed(told({ type: "refused", id: "e", code: "paused", sentence: "Paused.", retry: true }));
    expect(line.now.doneWith).toBeNull();
  });

  it("is given back with the reason when it is refused", () => {
    line.feed(...live(), wish("a"));
    const refused = { type: "refused", id: "a", code: "consent_needed", sentence: "First.", retry: true } as const;
    line.feed(told(refused));
    expect(line.effects).toEqual([{ do: "show_refusal", refused, command: { kind: "start_interview" } }]);
    expect(pending(line.now)).toEqual([]);
  });
});

describe("an end of the connection", () => {
  it.each([1006, 1001, CLOSE.GOING_AWAY, CLOSE.TRY_AGAIN, CLOSE.TOO_SLOW, CLOSE.LOST_TRACK])(
    "%i: comes back",
    (code) => {
      line.feed(...live(), closed(code));
      expect(line.now.stage).toBe("waiting");
      expect(line.effects).toEqual([{ do: "wait", fromMs: 0, toMs: 300 }]);
    },
  );

  it.each([CLOSE.REFUSED, CLOSE.TAKEN_OVER, CLOSE.ORIGIN_REFUSED, CLOSE.TOO_MUCH])(
    "%i: stays away, with a sentence",
    (code) => {
      line.feed(...live(), closed(code));
      expect(line.now.stage).toBe("over");
      expect(line.now.problem?.sentence).toMatch(/\w+\.$/);
    },
  );

  it("shows the sentence of the goodbye", () => {
    const goodbye = {
      type: "goodbye",
      code: "seat_taken",
      sentence: "Another candidate is here.",
      retry: false,
    } as const;
    line.feed(...enter, told(goodbye), closed(CLOSE.REFUSED));
    expect(line.now.problem).toEqual({ code: "seat_taken", sentence: "Another candidate is here.", retry: false });
  });

  it("gets fresh tickets for a spent one, but not for ever", () => {
    for (let n = 0; n < 3; n++) line.feed(...enter, closed(CLOSE.TICKET_INVALID));
    expect(line.now.stage).toBe("waiting");
    line.feed(...enter, closed(CLOSE.TICKET_INVALID));
    expect(line.now.stage).toBe("over");
  });

  it("is noticed when answers stay out", () => {
    line.feed(...live(), { is: "stalled" });
    expect(line.effects.map((effect) => effect.do)).toEqual(["close", "wait"]);
  });

  it("can be taken back by the person", () => {
    line.feed(...live(), closed(CLOSE.TAKEN_OVER), { is: "enter" });
    expect([line.now.stage, line.now.problem]).toEqual(["entering", null]);
  });
});

describe("the voice", () => {
  const answering = roomAfter(CONSENTED, STARTED, asked(1), began(1));
  const open: Input = { is: "microphone", stream: "s", id: "m", encoding: "pcm16" };
  const opened = told(happened(11, { kind: "microphone_opened", stream: "s", offset_ms: 0, encoding: "pcm16" }));
  const safe = (through: number | null, again = false): Input =>
    told({ type: "audio_safe", stream: "s", through, again });

  it("waits until the room knows the microphone", () => {
    line.feed(...live(answering), open);
    expect(line.said()).toMatchObject([{ command: { kind: "open_microphone", stream: "s", sample_rate: 16_000 } }]);
    line.feed(frame);
    expect(line.effects).toEqual([]);
    line.feed(opened);
    expect(played()).toEqual([0]);
    line.feed(frame);
    expect(played()).toEqual([1]);
  });

  it("is kept until it is safe", () => {
    line.feed(...live(answering), open, opened, frame, frame, frame, safe(1));
    expect(line.now.microphone).toMatchObject({ first: 2, unsent: 3 });
  });

  it("goes out again from behind what the server let go of", () => {
    line.feed(...live(answering), open, opened, frame, frame, frame, safe(0, true));
    expect(played()).toEqual([1, 2]);
    line.feed(safe(null, true));
    expect(played()).toEqual([1, 2]);
  });

  it("loses nothing when the connection drops: kept meanwhile, sent again from what is safe", () => {
    line.feed(
      ...live(answering),
      open,
      opened,
      told({ type: "accepted", id: "m", version: 11 }),
      frame,
      frame,
      closed(1006),
      frame,
    );
    expect(line.effects).toEqual([]);
    line.feed(...enter, told(welcome(null, { resumed: 0, audio_through: 0, cursor: AT_11 })));
    expect(played()).toEqual([1, 2]);
    expect(line.now.microphone).toMatchObject({ stream: "s", first: 1 });
  });

  it("is announced again when the connection dropped before the room knew of it", () => {
    line.feed(...live(answering), open, frame, closed(1006), frame, ...enter, told(welcome(null, { resumed: 0 })));
    expect(line.said()).toMatchObject([{ id: "m", command: { stream: "s" } }]);
    expect(played()).toEqual([]);
    line.feed(opened);
    expect(played()).toEqual([0, 1]);
  });

  it("says so when an outage was too long to keep it all", () => {
    line.feed(...live(answering), open, opened, frame, frame, frame, safe(1), closed(1006));
    line.feed(...enter, told(welcome(null, { resumed: 0, audio_through: null, cursor: AT_11 })));
    expect([line.now.lostVoice, line.now.microphone]).toEqual([true, null]);
  });
});

it("a sound that the server cannot decode is not sent on, until another microphone is opened", () => {
  line.feed(...live(), { is: "microphone", stream: "mic", id: "m", encoding: "webm_opus" });
  expect(line.said()).toMatchObject([{ command: { kind: "open_microphone", encoding: "webm_opus" } }]);
  line.feed(told({ type: "refused", id: null, code: "sound_undecodable", sentence: "No.", retry: false }));
  expect([line.now.microphone, line.now.undecodable]).toEqual([null, true]);
  line.feed({ is: "microphone", stream: "mic-2", id: "m-2", encoding: "pcm16" });
  expect([line.now.microphone?.stream, line.now.undecodable]).toEqual(["mic-2", false]);
});

it("what is kept of the voice goes when consent is withdrawn", () => {
  line.feed(...live(), { is: "microphone", stream: "mic", id: "m", encoding: "pcm16" }, frame);
  expect(line.now.microphone?.frames).toHaveLength(1);
  line.feed(told(happened(11, { kind: "consent_withdrawn", participant: "p-ana", at_ms: 5_000 })));
  expect([line.now.microphone, line.now.room?.consented]).toEqual([null, false]);
});

describe("what is told and not kept", () => {
  const answering = roomAfter(CONSENTED, STARTED, asked(1), began(1));
  const guess = { kind: "partial", turn: 1, utterance: "u1", stable: "so I", unstable: "thought" } as const;

  it("holds until the fact that settles it", () => {
    line.feed(...live(answering), told({ type: "telling", what: guess }));
    expect(line.now.told.partial).toEqual(guess);
    line.feed(told(happened(11, spoken(1, "u1", "so I thought"))));
    expect(line.now.told.partial).toBeNull();
  });

  it("is not cleared by another utterance's words", () => {
    line.feed(
      ...live(answering),
      told({ type: "telling", what: guess }),
      told(happened(11, spoken(1, "u0", "earlier"))),
    );
    expect(line.now.told.partial).toEqual(guess);
  });

  it("comes with the welcome for who arrives in the middle", () => {
    line.feed(...enter, told(welcome(answering, { told: [{ type: "telling", what: guess }] })));
    expect(line.now.told.partial).toEqual(guess);
  });
});

it("a story that does not fit the room is asked for anew, and breaks no page", () => {
  line.feed(...live(), told(happened(11, spoken(9, "u", "of no turn"))));
  expect(line.now.stage).toBe("waiting");
  line.feed(...enter);
  expect(line.greeting()).toMatchObject({ resume: null });
});

it("a resume that leads past facts that are not ours to see is no hole afterwards", () => {
  line.feed(...live(), closed(1006), ...enter);
  line.feed(told(welcome(null, { resumed: 0, cursor: { epoch: "e", version: 14, tag: "t14" } })));
  line.feed(told(happened(15, CONSENTED, 14)));
  expect([line.now.stage, line.now.room?.consented]).toEqual(["live", true]);
});

/** Which question a wish is about, where the log lost it and another one is asked in its turn. */
import { beforeEach, expect, it } from "vitest";

import { closed, enter, Steps, told } from "../testing/steps";
import { asked, began, CONSENTED, roomAfter, STARTED, welcome } from "../testing/wire";
import type { Input } from "./connection";

let line: Steps;

beforeEach(() => {
  line = new Steps();
});

const answering = (question: string) => roomAfter(CONSENTED, STARTED, asked(1, question), began(1));
const enters = (question: string, protocol = 2): Input[] => [
  ...enter,
  told(welcome(answering(question), { protocol })),
];
const answer: Input = { is: "wish", id: "a", command: { kind: "type_answer", turn: 1, text: "Because." } };

it("an answer names the question that the person sees, and goes on naming it when it is offered again", () => {
  line.feed(...enters("Why?"), answer);
  const said = { id: "a", command: { kind: "type_answer", turn: 1, text: "Because.", question: "Why?" } };
  expect(line.said()).toMatchObject([said]);
  line.feed(told({ type: "accepted", id: "a", version: 11 }), closed(1006), ...enters("Why not?"));
  expect(line.said()).toMatchObject([said]);
});

it("what was said to another question is shown with its command, and is not kept", () => {
  line.feed(...enters("Why?"), answer, told({ type: "accepted", id: "a", version: 11 }), closed(1006));
  line.feed(...enters("Why not?"));
  line.feed(told({ type: "refused", id: "a", code: "other_question", sentence: "Not this one.", retry: false }));
  expect(line.effects).toMatchObject([{ do: "show_refusal", command: { text: "Because.", question: "Why?" } }]);
  expect(line.now.outbox.wishes).toEqual([]);
});

it("a server of the release before is not told which question is meant", () => {
  line.feed(...enters("Why?", 1), answer);
  expect(line.said()).toEqual([{ type: "do", id: "a", command: { kind: "type_answer", turn: 1, text: "Because." } }]);
});

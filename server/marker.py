"""What an answer is worth, asked of whoever marks: the local scorer, which never leaves this machine, or judges.

Decides what is handed to `scoring` for a turn, and that the marks by rules stand where no judge answered; the score
itself is `scoring`'s, and when to ask is `server.scorer`'s.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from rooms.evidence import Delivery, JudgePolicy, Score
from rooms.interview.bank import Bank
from rooms.state import Room, Turn
from scoring.answers import Grader, graded_by_reference, grader
from scoring.features import delivery
from scoring.judging import judged_score, verdict
from scoring.local import score
from scoring.meaning import Encoder
from scoring.paraphrase import Paraphrases, paraphrases
from scoring.prompt import PROMPT
from scoring.reading import read
from scoring.rubric import Rubric
from scoring.weights import Weights
from scoring.weights.answers import load_answer_weights
from scoring.weights.paraphrase import load_paraphrase_weights
from server.judges import Answer, Heard, Judges, Silence
from server.shelf import Shelf

OTHER_JUDGES = "The judges that this interview was opened with were not to be asked here; marked by rules."
OTHER_POLICY = "How judges are asked, or count, has changed since this interview was opened."
WITHOUT_ENCODER = "The sentence encoder of this interview was away; words alone were compared."

_log = logging.getLogger(__name__)


class Marked(NamedTuple):
    score: Score
    delivery: Delivery


class Marker:
    """Without `judges` rules alone mark."""

    def __init__(
        self,
        bank: Bank,
        shelf: Shelf,
        judges: Judges | None = None,
        notice: str | None = None,
        encoder: Encoder | None = None,
        policy: JudgePolicy | None = None,
    ) -> None:
        """`notice` says that judges mark: only who agreed to it is judged, as their words leave the house. `policy`:
        how they mark here."""
        self._encoder, self._unused_told = encoder, False
        self._bank, self._shelf = bank, shelf
        self._judges, self._notice, self._policy = judges, notice, policy

    def weights_of(self, room: Room) -> Weights:
        """What turns a room's marks into numbers, from its opening on."""
        return self._shelf.of_room(room.weights)

    async def mark(self, room: Room, turn: Turn) -> Marked:
        """The score of a turn. May raise, where the fault is ours.

        Judges are asked only where rules found enough to go on: what they are not asked costs nothing.
        """
        local = await self.locally(room, turn)
        if local.score.overall is None:
            return local
        if self._judges is None or room.notice != self._notice:
            return local._replace(score=_noted(local.score, OTHER_JUDGES)) if room.judging else local
        judged = await self._asked(self._judges, room, turn)
        score = judged if isinstance(judged, Score) else _noted(local.score, judged.value)
        return local._replace(score=score)

    async def _asked(self, judges: Judges, room: Room, turn: Turn) -> Score | Silence:
        try:
            reading = await asyncio.to_thread(read, turn.transcript)
            answer = Answer(room.id, room.owner, turn.number, rubric_of(self._bank, room, turn), reading)
            match await judges.ask(answer):
                case Heard() as heard:
                    return await asyncio.to_thread(self._judged, room, turn, answer, heard)
                case Silence() as why:
                    return why
        except Exception:  # a fault of ours in judging leaves what rules found
            _log.exception("judging failed", extra={"room": room.id, "turn": turn.number})
            return Silence.NO_ANSWER

    def _judged(self, room: Room, turn: Turn, answer: Answer, heard: Heard) -> Score:
        weights = self._shelf.of_room(room.judging.weights if room.judging else None, "judge")
        score = judged_score(
            answer.rubric,
            turn.transcript,
            verdict(heard.ballots, answer.rubric),
            weights,
            scorer=heard.label,
            prompt=PROMPT,
            caution=caution_of(room, turn),
        )
        policy = self._policy and self._policy.but(weights=weights.version)
        return score if room.judging in (None, policy) else _noted(score, OTHER_POLICY)

    @property
    def early(self) -> Callable[[Room, Turn], Awaitable[Marked]] | None:
        """What decides the next question while a judge thinks; None where the score itself is soon there."""
        return self.locally if self._judges else None

    async def locally(self, room: Room, turn: Turn) -> Marked:
        """The same by the local scorer: some milliseconds, and the same bytes each time."""
        return await asyncio.to_thread(self._locally, room, turn)

    def _locally(self, room: Room, turn: Turn) -> Marked:
        return Marked(self.rules(room, turn), delivery(turn.transcript, floor_ms=turn.began_ms))

    def rules(self, room: Room, turn: Turn) -> Score:
        """The score by rules, with the room's encoder where it is here."""
        rubric, caution, weights = rubric_of(self._bank, room, turn), caution_of(room, turn), self.weights_of(room)
        self._tell_if_unused(room, weights)
        try:
            aids = aids_of(room, rubric, weights, self._encoder)
        except EncoderMissing:
            _log.error("a room's sentence encoder is not here; words alone are compared", extra={"room": room.id})
            aids, caution = Aids(), " ".join(note for note in (caution, WITHOUT_ENCODER) if note)
        return score(
            rubric, turn.transcript, weights, caution=caution, grading=aids.grading, other_words=aids.other_words
        )

    def _tell_if_unused(self, room: Room, weights: Weights) -> None:
        """Once: whoever opened this room had no encoder, so no web worker may have one."""
        if room.encoder is None and encoder_of(weights, self._encoder) is not None and not self._unused_told:
            self._unused_told = True
            _log.warning(
                "a room was opened without the sentence encoder that is here, so words alone are compared; "
                "unless it was opened long ago, set ENCODER_MODEL for the web workers as it is set here",
                extra={"room": room.id},
            )


def _noted(score: Score, note: str) -> Score:
    return score.but(caution=" ".join(one for one in (note, score.caution) if one))


class EncoderMissing(Exception):
    """The sentence encoder that a room was opened with is not on this server."""


class Aids(NamedTuple):
    """What an encoder gives the local scorer for one question; nothing: words alone, by the weights."""

    grading: Grader | None = None
    other_words: Paraphrases | None = None


def aids_of(room: Room, rubric: Rubric, weights: Weights, encoder: Encoder | None) -> Aids:
    """What reads this room's answers to a question by meaning: held against a model answer, or point by point.

    Raises EncoderMissing where these weights are for the room's encoder and that is not `encoder`.
    """
    if room.encoder is None:
        return Aids()
    if weights.answers is not None and graded_by_reference(rubric):
        answers = load_answer_weights(weights.answers)
        if answers.encoder == room.encoder:
            return Aids(grading=grader(answers, _here(room, encoder)))
    if weights.paraphrase is not None and rubric.points:
        points = load_paraphrase_weights(weights.paraphrase)
        if points.encoder == room.encoder:
            return Aids(other_words=paraphrases(points, _here(room, encoder)))
    return Aids()


def _here(room: Room, encoder: Encoder | None) -> Encoder:
    if encoder is None or encoder.sha256 != room.encoder:
        raise EncoderMissing
    return encoder


def encoder_of(weights: Weights, encoder: Encoder | None) -> str | None:
    """What a room that opens with these weights keeps as its encoder."""
    if encoder is None or weights.answers is None:
        return None
    return encoder.sha256 if load_answer_weights(weights.answers).encoder == encoder.sha256 else None


def rubric_of(bank: Bank, room: Room, turn: Turn) -> Rubric:
    """What counts in this turn's answer. A person's own question brings its points, or has none."""
    asked = turn.question
    if asked.id is None:
        own = [(f"own-{n}", point.text, float(point.weight), ()) for n, point in enumerate(asked.points, 1)]
        return Rubric.from_question(asked.text, room.mode.value, reference=asked.reference, points=own)
    question, family, reference, points = bank.rubric_fields(asked.id)
    return Rubric.from_question(question, family, reference=reference, points=points)


def caution_of(room: Room, turn: Turn) -> str | None:
    """What to know before trusting the words of a turn."""
    return room.transcriber.caution if room.transcriber and turn.transcript.words else None

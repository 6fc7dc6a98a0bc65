"""Every silence of stitched answers as hearing meets it: how long it was, what was known in it, and what it was.

Decides nothing about turns: voices are judged by the real detector and cut by the real rules (`rooms.turns`), once;
then any rule for the end of a turn can be tried on what is left.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rooms import turns
from rooms.events import Question, QuestionKind
from rooms.patience import middle_ms, prior
from rooms.pauses import own_pauses
from rooms.state import Turn
from rooms.transcript import Source, Utterance
from rooms.turns import SpeechBegan, TurnDetector, TurnRules, UtteranceOver
from scripts.bench.hearing.stitched import Answer, Pause, Room
from server.adapters.silero import Silero

_FOR_EVER_MS = 10**9
_LEAST_MS = 200
_RULES = TurnRules()


class Silence(NamedTuple):
    length_ms: int
    """As the detector counts it, until a voice seems to begin; for an end, as long as it was looked at."""
    late_ms: int
    """How long after the last word's end the detector began to count."""
    turn: int
    words: float
    """What the words so far say, in log-odds that this is the end."""
    middle: float
    """Of this speaker's pauses in the room so far, in ms."""
    end: bool
    within: bool
    """Within a sentence."""
    said: int
    """Words of the answer so far."""
    drawn_ms: float | None
    """The middle of what this speaker's pauses were drawn from: for what hearing cannot know (`bound`)."""


def silences(room: Room) -> Iterable[Silence]:
    """Of all answers of a room. Hearing has the true words."""
    done: tuple[Turn, ...] = ()
    for number, answer in enumerate(room.answers, start=1):
        heard: tuple[Utterance, ...] = ()
        for cut in _cuts(answer):
            if cut.silent_ms is not None:
                now = _utterances(heard, cut.start_ms, cut.at_ms, answer)
                yield _silence(cut, answer, (*done, _turn(number, now)), room.middle_ms)
            else:
                heard = _utterances(heard, cut.start_ms, cut.at_ms, answer)
        done = (*done, _turn(number, heard))


def planned(room: Room) -> Iterable[Silence]:
    """The same without listening: as if the detector found each pause to the millisecond. For fitting, many at once."""
    done: tuple[Turn, ...] = ()
    for number, answer in enumerate(room.answers, start=1):
        begun_ms = 0
        heard: tuple[Utterance, ...] = ()
        for pause in (*answer.pauses, Pause(answer.end_ms, answer.end_ms + 10_000, False)):
            now = _utterances(heard, begun_ms, pause.start_ms + 200, answer)
            length_ms = pause.end_ms - pause.start_ms
            known, end = (*done, _turn(number, now)), pause.start_ms == answer.end_ms
            yield _known(known, length_ms, 0, end, pause.within, room.middle_ms)
            if length_ms >= _RULES.utterance_silence_ms:
                heard, begun_ms = now, pause.end_ms - 300
        done = (*done, _turn(number, heard))


class _Cut(NamedTuple):
    """An utterance that ended at `at_ms`, or a silence in or behind one, which began there."""

    start_ms: int
    at_ms: int
    silent_ms: int | None


def _cuts(answer: Answer) -> Iterable[_Cut]:
    detector = TurnDetector(_RULES)
    pcm, size = answer.sound.tobytes(), turns.WINDOW_MS * 32
    before, start_ms, pending, quiet_ms, at_ms = detector, 0, None, 0, 0
    windows = [pcm[start : start + size] for start in range(0, len(pcm) - size + 1, size)]
    for n, probability in enumerate(Silero().judge([(Silero.silent, windows)])[0].probabilities):
        at_ms = n * turns.WINDOW_MS
        before, (detector, signs) = detector, turns.hear(detector, at_ms, probability, _FOR_EVER_MS)
        for sign in signs:
            if isinstance(sign, UtteranceOver):
                pending = _Cut(sign.start_ms, sign.end_ms, None)
            elif isinstance(sign, SpeechBegan):
                start_ms = sign.at_ms
        began = before.silent_ms >= _LEAST_MS and detector.silent_ms == 0
        if began and (before.open or pending):
            yield _Cut(pending.start_ms if pending else start_ms, at_ms - before.silent_ms, quiet_ms)
        if pending and detector.open:
            yield pending
            pending = None
        if detector.onset_ms is None:
            quiet_ms = detector.silent_ms
    if pending:
        yield _Cut(pending.start_ms, at_ms + turns.WINDOW_MS - detector.silent_ms, quiet_ms)
        yield pending


def _silence(cut: _Cut, answer: Answer, known: tuple[Turn, ...], drawn_ms: float | None) -> Silence:
    assert cut.silent_ms is not None
    pause = next((p for p in answer.pauses if p.start_ms - 400 <= cut.at_ms < p.end_ms), None)
    end = pause is None and cut.at_ms + cut.silent_ms > answer.end_ms + 5_000
    within = pause.within if pause else not end  # a breath in a recording
    return _known(known, cut.silent_ms, cut.at_ms - answer.end_ms if end else 0, end, within, drawn_ms)


def _known(
    known: tuple[Turn, ...], length_ms: int, late_ms: int, end: bool, within: bool, drawn_ms: float | None
) -> Silence:
    said = sum(len(utterance.text.split()) for utterance in known[-1].utterances)
    middle = middle_ms(own_pauses(known))
    return Silence(length_ms, late_ms, len(known), prior(known[-1]), middle, end, within, said, drawn_ms)


def _utterances(heard: tuple[Utterance, ...], start_ms: int, end_ms: int, answer: Answer) -> tuple[Utterance, ...]:
    """With one more: what was said from `start_ms` to `end_ms`."""
    known = tuple(w for w in answer.words if start_ms <= (w.start_ms + w.end_ms) // 2 < end_ms)
    text = " ".join(word.text for word in known)
    if not text:
        return heard
    utterance = Utterance(
        id=f"{start_ms}", source=Source.VOICE, text=text, start_ms=start_ms, end_ms=end_ms, words=known
    )
    return (*heard, utterance)


def _turn(number: int, utterances: Sequence[Utterance]) -> Turn:
    question = Question(id=None, text="?", kind=QuestionKind.OWN)
    return Turn(number=number, question=question, by="greenroom", utterances=tuple(utterances))

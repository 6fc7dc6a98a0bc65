"""Section `turns`: how often an answer is cut off, and how long its candidate waits behind it, on stitched speech.

The judging half only (`material.is_judged`). Each silence is met once, by the real voice detector (`silences`); then
each rule says how long it would have waited there. A *cut-off* is a pause within an answer that a rule takes for its
end; the answer goes on, and so does the counting. *Dead air* is from the last word's end until the rule is sure. Words
are the true ones without capitals and punctuation, there as soon as an utterance is over: an ideal recogniser's, as if
computing were free.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np

from rooms.events import Profile
from rooms.patience import PROFILES, Patience, needed_ms
from scripts.bench.hearing import curve, material
from scripts.bench.hearing.bound import told_everything
from scripts.bench.hearing.given import Given
from scripts.bench.hearing.silences import Silence, planned, silences
from scripts.bench.hearing.stitched import Room, rooms
from scripts.bench.machine import ROOT
from scripts.bench.rows import InputMissingError, Mode, Row

KEPT: Final = ROOT / "var" / "bench"
VAD_AT_5, BEST_AT_5 = 1600, 543
"""What others have published, on other data: voice activity alone, and the best turn detector; ms at 5 % cut-offs."""
FIXED_MS: Final = tuple(range(300, 4_001, 50))
SURE: Final = tuple(float(sure) for sure in 1 / (1 + np.exp(-np.arange(-2.5, 6.01, 0.1))))

NOTHING_KNOWN: Final = -2.0
"""Log-odds of the end, where there are no words: about one silence in eight."""

Rule = Callable[[Silence], int]


class Set(NamedTuple):
    """Silences of one kind of speech."""

    name: str
    pauses: int
    answers: int
    met: Sequence[tuple[int, Silence]]
    """Each with its answer."""


class Point(NamedTuple):
    """What a rule does to a set."""

    cut_percent: float
    """Of pauses."""
    answers_percent: float
    """Of answers that were cut off at least once."""
    median_ms: float
    p90_ms: float


def measure(given: Given) -> Iterable[Row]:
    """Tables and, unless quick, the picture."""
    shared = given.audio.parent
    yield from _judged(_heard("our own answers, read by a machine", material.ours(), given.quick), {}, varied=False)
    if not (shared / "ratings" / "saf").is_dir():
        raise InputMissingError(f"there are no answers and recordings of people in {shared}: only ours were judged")
    drawn: dict[str, list[tuple[float, float]]] = {}
    speakers, answers = (6, 3) if given.quick else (28, 5)
    told = material.told(shared, judged=True, speakers=speakers, answers=answers)
    yield from _judged(_heard("people's written answers, read by a machine", told, given.quick), drawn)
    read = material.read(shared, judged=True, answers=2 if given.quick else 4, kept=KEPT / "aligned")
    yield from _judged(_heard("people who read aloud", read, given.quick), {})
    hard = material.told(shared, judged=True, speakers=60, answers=5, silent=True)
    yield from _hard(_planned("every pause 0.3 to 4 s, all alike", rooms(hard, uniform=True)))
    if not given.quick:
        curve.draw(ROOT / "docs" / "pictures" / "turns.svg", drawn, {"best published": BEST_AT_5})


# --- what is judged ---------------------------------------------------------------------------------------------


def _heard(name: str, speakers: Iterable[material.Speaker], quick: bool) -> Set:
    found = list(rooms(list(speakers)[: 6 if quick else None]))
    return of(name, found, silences)


def _planned(name: str, found: Iterable[Room]) -> Set:
    return of(name, list(found), planned)


def of(name: str, found: Sequence[Room], meet: Callable[[Room], Iterable[Silence]]) -> Set:
    """The silences of these rooms, as they are met there."""
    met = [(n * 100 + silence.turn, silence) for n, room in enumerate(found) for silence in meet(room)]
    answers = [answer for room in found for answer in room.answers]
    return Set(name, sum(len(answer.pauses) for answer in answers), len(answers), met)


# --- rules ------------------------------------------------------------------------------------------------------


def fixed(silence_ms: int) -> Rule:
    """Voice activity alone."""
    return lambda _: silence_ms


def ours(rules: Patience, *, words: bool = True) -> Rule:
    """`rooms.patience`; without words it knows only the speaker's pauses."""
    return lambda silence: needed_ms(silence.words if words else NOTHING_KNOWN, silence.middle, rules)


def told_of_sentences(rules: Patience) -> Rule:
    """`ours`, had somebody told it which pauses are within a sentence: as far as any words can bring it."""
    return lambda silence: rules.most_ms if silence.within else needed_ms(silence.words, silence.middle, rules)


def point(judged: Set, rule: Rule) -> Point:
    needed = [(answer, silence, rule(silence)) for answer, silence in judged.met]
    cut = [answer for answer, silence, ms in needed if not silence.end and silence.length_ms >= ms]
    dead = [silence.late_ms + ms for _, silence, ms in needed if silence.end]
    per_pause, per_answer = 100 * len(cut) / judged.pauses, 100 * len(set(cut)) / judged.answers
    return Point(per_pause, per_answer, float(np.median(dead)), float(np.percentile(dead, 90)))


def at(points: Iterable[Point], percent: float) -> Point:
    """The quickest with at most so many cut-offs."""
    return min((p for p in points if p.cut_percent <= percent), key=lambda p: p.median_ms)


# --- rows -------------------------------------------------------------------------------------------------------


def _judged(judged: Set, drawn: dict[str, list[tuple[float, float]]], *, varied: bool = True) -> Iterable[Row]:
    """`varied`: its answers are so many and so different that their length alone does not say where each ends."""
    name = judged.name
    yield Row(f"{name}: answers / pauses", f"{judged.answers} / {judged.pauses}")
    vad = [point(judged, fixed(ms)) for ms in FIXED_MS]
    patient = PROFILES[Profile.INTERVIEW]
    wordless = [point(judged, ours(patient.but(sure=sure), words=False)) for sure in SURE]
    worded = [point(judged, ours(patient.but(sure=sure))) for sure in SURE]
    informed = [point(judged, told_of_sentences(patient.but(sure=sure))) for sure in SURE]
    bound = _bound(judged) if varied else []
    for title, points in (("voice activity alone", vad), ("ours without words", wordless), ("ours", worded)):
        drawn[title] = [(p.median_ms, p.cut_percent) for p in points]
    for percent in (5, 1):
        best, alone, blind, known = (at(points, percent).median_ms for points in (worded, vad, wordless, informed))
        compared = f"voice activity alone {alone:.0f}; without words {blind:.0f}; were sentences known {known:.0f}"
        compared += f"; were all known but the end {at(bound, percent).median_ms:.0f}" if bound else ""
        published = f"; published, other data: {VAD_AT_5}, best {BEST_AT_5}" if percent == 5 else ""
        yield Row(
            f"{name}: median dead air at {percent} % cut-offs, ms", best, Mode.FREE, compared + published, digits=0
        )
    for profile, rules in PROFILES.items():
        found = point(judged, ours(rules))
        compared = f"answers cut off: {found.answers_percent:.1f} %; dead air p90 {found.p90_ms:.0f} ms"
        if profile is Profile.INTERVIEW:
            yield Row.at_most(f"{name}: interview, cut-offs, % of pauses", found.cut_percent, 1, Mode.FREE, compared, 2)
            yield Row.at_most(f"{name}: interview, median dead air, ms", found.median_ms, 1_200, Mode.FREE, digits=0)
            yield _ahead(judged, found, rules)
        else:
            yield Row(f"{name}: rapid, cut-offs, % of pauses", found.cut_percent, Mode.FREE, compared, digits=2)
            yield Row(f"{name}: rapid, median dead air, ms", found.median_ms, Mode.FREE, digits=0)


def _bound(judged: Set) -> list[Point]:
    """What could be reached, had somebody told all of how the silences were made but which is the end."""
    asked = told_everything([silence for _, silence in judged.met])
    return [point(judged, asked(float(np.log(sure / (1 - sure))))) for sure in SURE]


def _ahead(judged: Set, sure: Point, rules: Patience) -> Row:
    """What marking ahead has to work with."""
    early = point(judged, ours(rules.but(sure=rules.eager)))
    compared = f"then taken back at {early.cut_percent - sure.cut_percent:.1f} % of pauses"
    what = f"{judged.name}: interview, marking begins so much before the end is sure, median ms"
    return Row(what, sure.median_ms - early.median_ms, Mode.FREE, compared, digits=0)


def _hard(judged: Set) -> Iterable[Row]:
    """No rule can know here which silence is the end; the figures say what that costs."""
    vad = [point(judged, fixed(ms)) for ms in FIXED_MS]
    worded = [point(judged, ours(PROFILES[Profile.INTERVIEW].but(sure=sure))) for sure in SURE]
    bound = _bound(judged)
    for percent in (5, 1):
        alone, least = at(vad, percent).median_ms, at(bound, percent).median_ms
        compared = f"voice activity alone {alone:.0f}; were all known but the end {least:.0f}"
        best = at(worded, percent).median_ms
        yield Row(f"{judged.name}: median dead air at {percent} % cut-offs, ms", best, Mode.FREE, compared, digits=0)

"""When speech begins and ends, and when an answer is over: `hear` takes one window of audio's speech probability.

Decides where utterances begin and end and how long a silence is; never what was said, and never whether a room lets
the turn close (`decide`). Time is the audio's own: a gap in it (a muted microphone) is a silence of no length.
"""

from typing import Final, NamedTuple

from rooms.values import Milliseconds, Value

WINDOW_MS: Final = 32
"""One probability covers this much audio: 512 samples at 16 kHz, what Silero takes."""

_GAP_MS: Final = 100
"""Windows further apart than this do not follow each other. Below it a clock merely jitters."""


class TurnRules(Value):
    """How patient the detector is."""

    speech_at: float = 0.5
    """Speech begins at this probability..."""
    silence_at: float = 0.35
    """...and goes on down to this one: what flickers between the two changes nothing."""
    min_speech_ms: Milliseconds = 96
    """Anything shorter is a click or a cough."""
    sure_at: float = 0.6
    """From this probability on a voice is told of after one window..."""
    likely_ms: Milliseconds = 64
    """...and else after so long: early enough to pause another voice for, and taken back where it was a cough."""
    preroll_ms: Milliseconds = 300
    """Soft consonants come before the voice is sure: an utterance begins this much earlier."""
    tail_ms: Milliseconds = 200
    utterance_silence_ms: Milliseconds = 700
    utterance_limit_ms: Milliseconds = 25_000
    """A longer utterance is cut. From half of it on, ever shorter breaths will do as the place."""


class SpeechBegan(NamedTuple):
    at_ms: int
    """Where the utterance begins, pre-roll included."""


class UtteranceOver(NamedTuple):
    start_ms: int
    end_ms: int


class TurnSilent(NamedTuple):
    """Nobody has spoken since `since_ms`, for as long as patience lasted. Said once per silence."""

    since_ms: int


Sign = SpeechBegan | UtteranceOver | TurnSilent


class TurnDetector(NamedTuple):
    """All that is remembered from one window to the next. Times in ms, on the clock of the windows."""

    rules: TurnRules
    next_ms: int | None = None
    """Where the next window begins if audio goes on without a gap."""
    floor_ms: int = 0
    """What came before belongs to something else; no pre-roll reaches behind it."""
    voiced: bool = False
    onset_ms: int | None = None
    """The first voiced window of something that may become an utterance."""
    start_ms: int | None = None
    """The beginning of the open utterance."""
    spoke_ms: int | None = None
    """The end of the last voiced window of the utterance."""
    silent_ms: int = 0
    said_silent: bool = False

    @property
    def open(self) -> bool:
        """Whether an utterance is under way."""
        return self.start_ms is not None


Step = tuple[TurnDetector, tuple[Sign, ...]]


def hear(detector: TurnDetector, at_ms: int, probability: float, patience_ms: int) -> Step:
    """The detector after one more window, and what became clear by it.

    `patience_ms`: how long a silence must be to end the turn, as things stand (see `rooms.patience`).
    """
    detector, over = _across_gap(detector, at_ms)
    end = at_ms + WINDOW_MS
    level = detector.rules.silence_at if detector.voiced else detector.rules.speech_at
    step = _between if detector.start_ms is None else _within
    detector, signs = step(detector, at_ms, end, probability >= level)
    silent = not detector.open and detector.onset_ms is None  # who may just be going on is not cut off in that moment
    if silent and not detector.said_silent and detector.silent_ms >= patience_ms:
        signs = (*signs, TurnSilent(end - detector.silent_ms))
        detector = detector._replace(said_silent=True)
    return detector, (*over, *signs)


def seems_to_speak(detector: TurnDetector, probability: float) -> bool | None:
    """Whether the candidate's voice seems to be heard, by the window that `detector` heard last; None: as before."""
    if detector.onset_ms is None:
        return detector.open
    rules, end = detector.rules, detector.next_ms or 0
    return True if probability >= rules.sure_at or end - detector.onset_ms >= rules.likely_ms else None


def finish(detector: TurnDetector) -> Step:
    """End the open utterance here: the answer is finished, or no more audio is to come."""
    if detector.start_ms is None or detector.next_ms is None:
        return detector._replace(onset_ms=None), ()
    return _over(detector, detector.next_ms)


def listen_anew(detector: TurnDetector, floor_ms: int) -> TurnDetector:
    """Nothing before `floor_ms` belongs to what comes, silence included."""
    return TurnDetector(detector.rules, floor_ms=floor_ms)


def count_anew(detector: TurnDetector) -> TurnDetector:
    """After a pause: the silence before it does not count."""
    return detector._replace(silent_ms=0, said_silent=False)


def apart(detector: TurnDetector, at_ms: int) -> bool:
    """Whether a window at `at_ms` does not follow the last one."""
    return detector.next_ms is not None and abs(at_ms - detector.next_ms) > _GAP_MS


def _across_gap(detector: TurnDetector, at_ms: int) -> Step:
    if not apart(detector, at_ms):
        return detector, ()
    detector, over = finish(detector)
    return detector._replace(floor_ms=at_ms, onset_ms=None, voiced=False), over


# One `_replace` a window: thousands of windows are heard a second, and it is most of what they cost here.


def _between(detector: TurnDetector, at_ms: int, end: int, voiced: bool) -> Step:
    """No utterance is open: does one begin?"""
    silent = detector.silent_ms + WINDOW_MS
    if not voiced:
        return detector._replace(next_ms=end, voiced=False, onset_ms=None, silent_ms=silent), ()
    onset = at_ms if detector.onset_ms is None else detector.onset_ms
    if end - onset < detector.rules.min_speech_ms:
        return detector._replace(next_ms=end, voiced=True, onset_ms=onset, silent_ms=silent), ()
    start = max(onset - detector.rules.preroll_ms, detector.floor_ms)
    begun = detector._replace(
        next_ms=end, voiced=True, onset_ms=None, start_ms=start, spoke_ms=end, silent_ms=0, said_silent=False
    )
    return begun, (SpeechBegan(start),)


def _within(detector: TurnDetector, at_ms: int, end: int, voiced: bool) -> Step:
    """An utterance is open: is it over?"""
    if voiced:
        detector = detector._replace(next_ms=end, voiced=True, spoke_ms=end, silent_ms=0)
    else:
        detector = detector._replace(next_ms=end, voiced=False, silent_ms=detector.silent_ms + WINDOW_MS)
    lasted = end - (at_ms if detector.start_ms is None else detector.start_ms)
    if lasted >= detector.rules.utterance_limit_ms:
        return _over(detector, end)
    if not voiced and detector.silent_ms >= _needed_silence(detector.rules, lasted):
        return _over(detector, end)
    return detector, ()


def _needed_silence(rules: TurnRules, lasted_ms: int) -> float:
    """The longer an utterance, the shorter a breath may cut it: better there than inside a word at the limit."""
    half = rules.utterance_limit_ms / 2
    left = min(1.0, (rules.utterance_limit_ms - lasted_ms) / half)
    return max(WINDOW_MS * 2, rules.utterance_silence_ms * left)


def _over(detector: TurnDetector, now_ms: int) -> Step:
    start = detector.start_ms or 0
    spoke = now_ms if detector.spoke_ms is None else detector.spoke_ms
    end = min(spoke + detector.rules.tail_ms, now_ms)
    # The next one begins with a whole window: none may belong to both, as a room takes no two that overlap.
    floor = now_ms - (now_ms - end) // WINDOW_MS * WINDOW_MS
    closed = detector._replace(start_ms=None, spoke_ms=None, onset_ms=None, floor_ms=max(floor, detector.floor_ms))
    return closed, (UtteranceOver(start, end),)

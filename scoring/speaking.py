"""How all spoken answers of an interview sounded together, with what is usual. For coaching.

Decides which figures are shown and which deserve a remark. Never a score.
"""

from collections.abc import Sequence
from statistics import median

from rooms.evidence import Delivery
from rooms.values import Milliseconds, Value
from scoring import norms
from scoring.features import RATE_FROM_MS
from scoring.norms import Norm, beside

FILLERS_NOTED_FROM = 12.0
"""A minute. Up to 5 are harmless, 12 are heard as harm (Laske & DiGennaro Reed 2024)."""
FILLERS_HARMLESS_TO = 5.0
REPAIRS_NOTED_FROM = 6.0
"""A minute. Set by judgement; a few are part of everybody's speech."""
USUAL_PACE = (110.0, 190.0)
"""Words a minute; conversation is about 150."""


class Speaking(Value):
    """How the spoken answers sounded, together. For coaching; no score is made from it."""

    words: int
    speaking_ms: Milliseconds
    words_per_minute: float | None = None
    articulation_rate: float | None = None
    """Syllables a second, pauses left out."""
    pauses: int = 0
    longest_pause_ms: Milliseconds = 0
    pause_share: float | None = None
    """Share of the speaking time spent in pauses, 0 to 1."""
    fillers: int = 0
    fillers_per_minute: float | None = None
    repairs: int = 0
    """Sentences begun again."""
    thinking_ms: Milliseconds | None = None
    """The median."""
    pauses_in_clauses: int = 0
    answer_ms: Milliseconds | None = None
    """How long a spoken answer took; the median."""
    notes: tuple[str, ...] = ()
    norms: tuple[Norm, ...] = ()
    """The figures beside what is usual, with its sources."""


def speaking(deliveries: Sequence[Delivery]) -> Speaking:
    """The deliveries of all turns together; typed answers add their words and nothing else."""
    said = [one for one in deliveries if one.speaking_ms]
    speaking_ms = sum(one.speaking_ms for one in said)
    pauses = [pause.end_ms - pause.start_ms for one in said for pause in one.pauses]
    long_enough = speaking_ms >= RATE_FROM_MS
    fillers = sum(len(one.fillers) for one in said)
    thinking = [one.thinking_ms for one in said if one.thinking_ms is not None]
    figures = Speaking(
        words=sum(one.words for one in deliveries),
        speaking_ms=speaking_ms,
        words_per_minute=_over_time([(one.words_per_minute, one.speaking_ms) for one in said]),
        articulation_rate=_over_time([(one.articulation_rate, one.speaking_ms) for one in said]),
        pauses=len(pauses),
        longest_pause_ms=max(pauses, default=0),
        pause_share=round(sum(pauses) / speaking_ms, 2) if long_enough else None,
        fillers=fillers,
        fillers_per_minute=round(fillers * 60_000 / speaking_ms, 1) if long_enough else None,
        repairs=sum(len(one.repairs) for one in said),
        thinking_ms=round(median(thinking)) if thinking else None,
        pauses_in_clauses=sum(pause.in_clause for one in said for pause in one.pauses),
        answer_ms=round(median(one.speaking_ms for one in said)) if said else None,
    )
    begun_again = [repair.text for one in said for repair in one.repairs]
    notes = (*_notes(figures), *_repair_notes(begun_again, speaking_ms))
    usual = _norms(figures, sum(one.words for one in said)) if long_enough else ()
    return figures.but(notes=notes, norms=usual)


def _norms(figures: Speaking, spoken: int) -> tuple[Norm, ...]:
    a_minute = 60_000 / figures.speaking_ms
    return (
        *beside(norms.PACE, figures.words_per_minute),
        *beside(norms.ARTICULATION, figures.articulation_rate),
        *beside(norms.IN_CLAUSES, figures.pauses_in_clauses * a_minute),
        *beside(norms.FILLERS, figures.fillers_per_minute),
        *beside(norms.REPAIRS, figures.repairs * 100 / spoken if spoken else None),
        *beside(norms.LENGTH, (figures.answer_ms or 0) / 1_000),
    )


def _over_time(rates: Sequence[tuple[float | None, int]]) -> float | None:
    """The mean of rates, each counted for as long as it was kept up."""
    known = [(rate, ms) for rate, ms in rates if rate is not None]
    return round(sum(rate * ms for rate, ms in known) / sum(ms for _, ms in known), 1) if known else None


def _repair_notes(begun_again: Sequence[str], speaking_ms: int) -> list[str]:
    if not begun_again:
        return []
    times = "once" if len(begun_again) == 1 else f"{len(begun_again)} times"
    example = max(begun_again, key=len)
    often = speaking_ms >= RATE_FROM_MS and len(begun_again) * 60_000 / speaking_ms >= REPAIRS_NOTED_FROM
    advice = "Finish the thought in your head before you start the sentence." if often else "So few bother nobody."
    return [f"You began a sentence again {times}, for example “{example}”. {advice}"]


def _notes(figures: Speaking) -> list[str]:
    notes = []
    pace, fillers = figures.words_per_minute, figures.fillers_per_minute
    if pace is not None and not USUAL_PACE[0] <= pace <= USUAL_PACE[1]:
        way = "slower" if pace < USUAL_PACE[0] else "faster"
        notes.append(f"At {pace:.0f} words a minute you spoke {way} than most conversation, which is near 150.")
    if fillers is not None and fillers >= FILLERS_NOTED_FROM:
        notes.append(f"{fillers:.0f} fillers a minute begin to distract; a silent pause does the same work.")
    elif fillers is not None and fillers <= FILLERS_HARMLESS_TO:
        notes.append("So few fillers bother nobody.")
    return notes

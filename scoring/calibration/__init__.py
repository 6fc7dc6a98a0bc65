"""The fixed sample of answers on which versions are compared, and the snapshot that was taken of each at its release.

Decides what the sample is: answers of our own, each also cut short after every sentence, with the rubrics of the day
they were put in, so that a change of the question bank moves nothing here. Never changed: a new sample is a new file.
"""

import hashlib
import json
import re
from functools import lru_cache
from importlib.resources import files

from rooms.transcript import Source, Transcript, Utterance, Word
from scoring.drift import Case, Snapshot
from scoring.rubric import Rubric
from scoring.weights import WeightsError

FOLDER = files("scoring") / "calibration"
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


@lru_cache(maxsize=1)
def sample() -> tuple[tuple[Case, ...], str]:
    """The cases of the sample, and its hash."""
    text = (FOLDER / "sample.json").read_text(encoding="utf-8")
    raw = json.loads(text)
    rubrics = {id: Rubric.model_validate_json(json.dumps(fields)) for id, fields in raw["rubrics"].items()}
    cases = []
    for answer in raw["answers"]:
        sentences = _SENTENCE.split(answer["text"])
        rubric, caution, sure = rubrics[answer["rubric"]], answer.get("caution"), answer.get("confidence")
        for count in range(1, len(sentences) + 1):
            text = " ".join(sentences[:count])
            said = typed(text) if sure is None else spoken(text, sure)
            cases.append(Case(f"{answer['id']}.{count}", rubric, said, caution))
    return tuple(cases), hashlib.sha256(text.encode()).hexdigest()


def typed(*texts: str) -> Transcript:
    """What was typed, an utterance a text."""
    return Transcript(
        utterances=tuple(
            Utterance(id=f"u{at}", source=Source.TYPED, text=text, start_ms=1000 * at, end_ms=1000 * at + 500)
            for at, text in enumerate(texts)
            if text
        )
    )


def spoken(text: str, confidence: float) -> Transcript:
    """What a recogniser wrote, each word as sure as the others: 300 ms of speech and 100 ms of silence a word."""
    words = tuple(
        Word(text=word, start_ms=400 * at, end_ms=400 * at + 300, confidence=confidence)
        for at, word in enumerate(text.split())
    )
    end_ms = words[-1].end_ms if words else 0
    joined = " ".join(word.text for word in words)
    said = Utterance(id="u0", source=Source.VOICE, text=joined, start_ms=0, end_ms=end_ms, words=words)
    return Transcript(utterances=(said,))


def snapshot_of(version: str) -> Snapshot:
    """The snapshot taken when these weights of the local scorer were released. Raises WeightsError without one."""
    file = FOLDER / f"local-{version}.json"
    if not file.is_file():
        raise WeightsError(
            f"there is no snapshot of the weights {version}; python -m scripts.calibration_snapshot takes it"
        )
    return Snapshot.model_validate_json(file.read_text(encoding="utf-8"))

"""The sections of the scoring bench, in the order of its table. A new one is a module and a line here."""

from typing import Final

from scripts.bench.rows import Section
from scripts.bench.scoring import answers, speech, speed, tricks

SECTIONS: Final = (
    Section("answers", "Short answers against people's grades", answers.measure),
    Section("speech", "How it was said, against listeners (coaching only)", speech.measure),
    Section("tricks", "What is worth nothing, and what every score shows", tricks.measure),
    Section("speed", "Speed, processor time of one core", speed.measure),
)

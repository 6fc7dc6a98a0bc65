"""What a run of the scoring bench was started with."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from scoring.meaning import Encoder
from scripts.bench.rows import InputMissingError
from scripts.fitting.examples import RATINGS


class Given(NamedTuple):
    encoder: Encoder | None
    """`ENCODER_MODEL`, if it names one."""
    say: Callable[[str], None]
    """Tells whoever waits how it goes."""

    @property
    def variants(self) -> Iterator[tuple[str, Encoder | None]]:
        """Without an encoder, and with it where there is one."""
        yield "plain", None
        if self.encoder:
            yield "encoded", self.encoder

    def need_ratings(self) -> None:
        """InputMissingError without people's ratings."""
        if not RATINGS.is_dir():
            raise InputMissingError(f"there are no ratings in {RATINGS}: nothing to measure against")


def called(variant: str) -> str:
    """How a variant is called in the table."""
    return "with encoder" if variant == "encoded" else "no encoder"

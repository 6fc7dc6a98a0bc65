"""Every binary message is a frame or is refused, and nothing behind the parser stumbles over what it took."""

from itertools import islice

import pytest

from rooms.protocol import Frame, unpack_frame
from scripts.fuzz.sound import BrokenRuleError, Hearer, messages, throw

CASES = 4_000


@pytest.mark.parametrize("seed", [1, 20_261_121])
def test_whatever_a_microphone_sends_is_a_frame_or_refused(seed: int) -> None:
    taken, broken = throw(seed, CASES)
    assert broken == ()
    assert CASES / 5 < taken < CASES  # some are frames, some are not


def test_the_same_seed_throws_the_same() -> None:
    assert list(islice(messages(7), 50)) == list(islice(messages(7), 50))


def careless(message: bytes) -> Frame:
    """A parser that looks at no flags."""
    return unpack_frame(message[:1] + b"\0\0\0" + message[4:] if len(message) > 14 else message)


def test_a_parser_that_takes_what_is_no_frame_is_caught() -> None:
    hearer = Hearer(careless)

    def take_all() -> None:
        for message in islice(messages(3), CASES):
            hearer.take(message)

    with pytest.raises(BrokenRuleError):
        take_all()

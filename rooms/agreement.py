"""Which words of an utterance under way will stay: what two hypotheses in a row agree on (LocalAgreement-2).

Decides the stable part of a partial; never the final words, which are the recogniser's last.
After Liu et al. 2020 and Macháček et al. 2023 (whisper_streaming): the longest common prefix of two successive guesses.
"""

from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple


class Agreement(NamedTuple):
    stable: tuple[str, ...] = ()
    """Words shown as firm. They are never taken back while the utterance lasts."""
    unstable: tuple[str, ...] = ()
    """The rest of the latest hypothesis."""


def agree(before: Agreement, hypothesis: Sequence[str]) -> Agreement:
    """The agreement after one more hypothesis for the whole utterance."""
    known = len(before.stable)
    fresh = tuple(hypothesis[known:])
    again = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before.unstable, fresh, strict=False)))
    return Agreement(before.stable + fresh[:again], fresh[again:])

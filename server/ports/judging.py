"""Judges and what they may spend.

Decides contracts, worked out in the docstrings; does nothing.
"""

from typing import NamedTuple, Protocol

from scoring.prompt import Request


class JudgeReply(NamedTuple):
    text: str
    tokens: int | None
    """What it took, question and reply; None where the server does not say."""


class Judge(Protocol):
    """A model that marks an answer. It is shown the words of an answer, so they leave the house."""

    @property
    def label(self) -> str:
        """A name that a reader understands, such as "gpt-5 at api.openai.com"."""

    async def ask(self, request: Request) -> JudgeReply:
        """One reply, unread. Raises `JudgeFailed`. Cancelled, it stops at once."""

    async def close(self) -> None: ...


class Purses(Protocol):
    """Budgets that hold over all workers: what was spent of each, until it is forgotten."""

    async def spend(self, purse: str, amount: int, limit: int, ttl_s: int) -> bool:
        """Take `amount`, or nothing and False where more than `limit` would be spent.

        What is spent is forgotten `ttl_s` seconds after the first of it.
        """

    async def settle(self, purse: str, amount: int) -> None:
        """Add what was spent beyond what was taken, or give back (a negative amount). A forgotten purse stays so."""

    async def spent(self, purse: str) -> int: ...


class TurnModel(Protocol):
    """Hears in a voice whether its turn is complete. One for all rooms."""

    def complete(self, pcm: bytes) -> float:
        """0 to 1, from the turn's last seconds (16-bit, 16 kHz). CPU-bound, some 10 to 100 ms: off the event loop."""

"""Muddles what a visitor sends, for a while: commands leave late, in another order, and now and then twice.

Decides which message leaves when; never what a command says. Nothing is lost: what is held back leaves later.
"""

import asyncio
import random

from client import Visit
from rooms.protocol import CLIENT_MESSAGE, Do
from scripts.hardening import history as h
from scripts.hardening.stage import Stage

HELD_BACK_S = (0.05, 0.4)


def muddle(visit: Visit, room: str, who: str, stage: Stage, chance: random.Random) -> None:
    """From now on this visitor's commands go through a muddle whenever the stage says so."""
    talk, wake = visit._talk, visit._lifeline.wake
    due = talk.due
    held: list[str | bytes] = []

    def muddled(limit: int = 32) -> list[str | bytes]:
        if not talk.live:
            return []
        commands, others = _apart(due(limit))
        if not stage.muddling:
            held.extend(commands)
            out, held[:] = [*others, *held], []
            return out
        pool = [*held, *commands]
        chance.shuffle(pool)
        leaves = [message for message in pool if chance.random() < 0.5]
        held[:] = [message for message in pool if message not in leaves or chance.random() < 0.1]
        if pool:
            stage.history.note(h.Held(room=room, who=who, ids=tuple(_id(message) for message in pool)))
        if held:
            asyncio.get_running_loop().call_later(chance.uniform(*HELD_BACK_S), wake)
        return [*others, *leaves]

    setattr(talk, "due", muddled)  # noqa: B010


def _apart(messages: list[str | bytes]) -> tuple[list[str | bytes], list[str | bytes]]:
    """The commands, and everything else."""
    commands = [message for message in messages if _id(message)]
    return commands, [message for message in messages if message not in commands]


def _id(message: str | bytes) -> str:
    if isinstance(message, bytes):
        return ""
    read = CLIENT_MESSAGE.validate_json(message)
    return read.id if isinstance(read, Do) else ""

"""Slots of a cluster: which one a key has, and which node has it, as a node tells.

Decides nothing about when to look or what to do when a node was wrong (`redis_cluster`). Never connects.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.crc import key_slot
from redis.exceptions import ConnectionError as RedisConnectionError

from server.adapters.redis_address import Host
from server.adapters.redis_pipe import key_of
from server.adapters.redis_socket import Command, Word

SLOTS = 16_384


@dataclass(frozen=True)
class Homes:
    """Which primary, as "host:port", has which slot."""

    slots: tuple[str | None, ...]
    nodes: frozenset[str]

    def moved(self, slot: int, node: str) -> "Homes":
        """The same but for one slot."""
        return Homes((*self.slots[:slot], node, *self.slots[slot + 1 :]), self.nodes | {node})


def slot_of(command: Command) -> int | None:
    """The slot of a command's first key; None if it has none, so that any node will do."""
    key = key_of(command)
    return None if key is None else slot_of_key(key)


def slot_of_key(key: Word) -> int:
    """Also a channel's."""
    return key_slot(key if isinstance(key, bytes) else str(key).encode())


def read_homes(said: Sequence[Any], asked: str) -> Homes:
    """What a node answered to CLUSTER SLOTS; `asked` is that node. RedisConnectionError while nobody has any."""
    slots: list[str | None] = [None] * SLOTS
    for first, last, (host, port, *_), *_ in said:
        name = host.decode() if isinstance(host, bytes) else ""
        slots[first : last + 1] = [full(f"{name.replace('?', '')}:{port}", asked)] * (last + 1 - first)
    nodes = frozenset(node for node in set(slots) if node)
    if not nodes:
        raise RedisConnectionError("the cluster has no slots yet")
    return Homes(tuple(slots), nodes)


def full(where: str, asked: str) -> str:
    """A node that gives no host means: the one that you asked."""
    return asked.rpartition(":")[0] + where if where.startswith(":") else where


def host_of(node: str) -> Host:
    """Where a node is."""
    host, _, port = node.rpartition(":")
    return host, int(port)

"""`ports.Holds` in memory, with the manners of the real one (tests/contracts/test_holds.py)."""

from collections import defaultdict
from collections.abc import Collection, Mapping


class MemoryHolds:
    def __init__(self) -> None:
        self._held: dict[str, dict[str, str]] = defaultdict(dict)

    async def take(self, room: str, connection: str, holder: str, taker: str) -> bool:
        if self._held[room].get(connection, connection) not in (holder, taker):
            return False
        self._held[room][connection] = taker
        return True

    async def let_go(self, room: str, connection: str, holder: str, before: str | None = None) -> bool:
        if before and self._held[room].get(connection, before) == before:
            holder = self._held[room].get(connection, connection)
        return await self.take(room, connection, holder, "")

    async def holders(self, room: str, connections: Collection[str]) -> Mapping[str, str]:
        return {connection: self._held[room].get(connection, connection) for connection in connections}

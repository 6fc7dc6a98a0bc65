"""What a worker writes into a room with: valid as long as no other worker has taken the room since.

Decides nothing: the log refuses the number of a lease that was lost (`ports.Fenced`). A worker that stood still past
its lease and goes on as if nothing had been can write no word any more.
"""

from typing import NamedTuple

from rooms.commands import Command
from rooms.people import Participant
from rooms.refusals import Refusal
from server.writer import Done, Writer


class Pen(NamedTuple):
    """Of one room and one lease."""

    room_id: str
    fence: int
    """The number of the lease (`ports.Leases.take`)."""
    writer: Writer

    async def do(self, command: Command, who: Participant, command_id: str) -> Done | Refusal:
        """As `Writer.do`. Raises Fenced, and nothing is written, where another worker has taken the room."""
        return await self.writer.do(self.room_id, command, who, command_id, fence=self.fence)

"""A connection that redis-py opened, carried on without its layers: what came in together is parsed in one go.

Decides how bytes become replies, and when others get their turn of the event loop; never what a reply is for.
Connecting, TLS and passwords stay redis-py's. From then on its stream, its parser and a coroutine or three for each
reply would cost more than what is done with most replies (docs/PERFORMANCE.md).
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, cast

from hiredis import Reader, pack_command
from redis.asyncio import Connection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse

Word = bytes | str | int
Command = Sequence[Word]

REPLIES_PER_STEP: Final = 200
"""Replies that are handed over before others get their turn of the event loop."""
_NOTHING: Final = object()


def packed(command: Command) -> bytes:
    """As it is written. Whoever puts what cannot be written is told here: nobody else's commands suffer from it."""
    written: bytes = pack_command(tuple(command))  # type: ignore[arg-type]
    return written


class RedisSocket(asyncio.Protocol):
    """`heard` gets each reply, errors as values; what it raises ends the connection. `eased` is called when the socket
    takes something again after it was `full`."""

    def __init__(
        self, connection: Connection, heard: Callable[[Any], None], eased: Callable[[], None] = lambda: None
    ) -> None:
        came, goes, parser = connection._reader, connection._writer, connection._parser
        if came is None or goes is None or came.at_eof() or goes.is_closing():
            raise RedisConnectionError("the connection was lost before it was used")
        self._loop = asyncio.get_running_loop()
        self._heard, self._eased = heard, eased
        self._replies = Reader(protocolError=InvalidResponse, replyError=parser.parse_error, notEnoughData=_NOTHING)
        self._lost: asyncio.Future[None] = self._loop.create_future()
        self._behind = False
        """Whether others had their turn before all that came in was handed over."""
        self.full = False
        """Too much waits in the socket already."""
        self._transport = cast(asyncio.Transport, goes.transport)
        self._transport.set_protocol(self)

    def send(self, commands: Iterable[bytes]) -> None:
        """Commands (`packed`), to be written together; nowhere, once the connection is lost. What cannot be written
        ends it: from then on replies would be taken for those to other commands."""
        if self._lost.done() or self._transport.is_closing():
            return
        try:
            self._transport.write(b"".join(commands))
        except Exception as why:
            self.lose(why)

    def lose(self, why: Exception) -> None:
        """Give it up."""
        if not self._lost.done():
            self._lost.set_exception(why)

    async def lost(self) -> None:
        """Never returns; raises why the connection is lost."""
        await self._lost

    # --- for the event loop -----------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        self._replies.feed(data)
        if not self._behind:
            self._hand_over()

    def _hand_over(self) -> None:
        behind = self._hand_over_some()
        if behind != self._behind and not self._transport.is_closing():
            self._behind = behind
            (self._transport.pause_reading if behind else self._transport.resume_reading)()
        if behind:
            self._loop.call_soon(self._hand_over)

    def _hand_over_some(self) -> bool:
        """Whether there may be more."""
        try:
            for _ in range(REPLIES_PER_STEP):
                if self._lost.done() or (reply := self._replies.gets()) is _NOTHING:
                    return False
                if isinstance(reply, RedisConnectionError):
                    raise reply  # as loading its file: it does not serve anybody yet
                self._heard(reply)
        except Exception as why:
            self.lose(why)
            return False
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self.lose(RedisConnectionError(str(exc) if exc else "closed by the server"))

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False
        self._eased()

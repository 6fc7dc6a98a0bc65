"""A recording that comes in pieces (a browser's MediaRecorder) on its way to the audio log, as frames like any others.

Decides when a piece is decoded and what time its samples have; how, is the decoder's. A piece becomes one frame of the
same number, kept in one step with what the next piece needs: any worker can go on behind what is safe.
"""

import asyncio
import struct
from collections.abc import Callable, Sequence
from typing import Final

from rooms.commands import SAMPLE_RATE_HZ
from rooms.protocol import Frame
from server.ports import AudioLog, BadSound, Decoder

NewDecoder = Callable[[bytes], Decoder]

DECODE_S: Final = 2.0
"""One piece that takes longer is no sound: it has 10 s at most, and those take 20 ms."""
JUMP_MS: Final = 500
"""A piece says when its stretch of the recording began. So far ahead of the samples, there was a rest before it."""
_PER_MS: Final = SAMPLE_RATE_HZ // 1000
_END = struct.Struct(">Q")


class Recording:
    """Of one stream, on one socket."""

    def __init__(self, audio: AudioLog, room: str, stream: str, new_decoder: NewDecoder) -> None:
        self._audio, self._room, self._stream, self._new = audio, room, stream, new_decoder
        self._decoder: Decoder | None = None
        """Stands behind the piece `_through`; None where it has to be made from what is kept."""
        self._through = -1
        self._end = 0
        """The stream's clock behind that piece, in samples."""

    async def append(self, pieces: Sequence[Frame]) -> int:
        """Keep what these come to; returns the last piece that is safe (-1: none), as `AudioLog.append` does.

        Raises AudioFull, Unavailable and BadSound.
        """
        decoder = await self._at_hand()
        for piece in pieces:
            if piece.seq != self._through + 1:
                continue
            self._decoder = None  # until its samples are safe, it is ahead of what is kept
            pcm = await self._decoded(decoder, piece.pcm)
            frame = Frame(piece.seq, self._begins(piece) // _PER_MS, pcm, piece.rested)
            end = self._begins(piece) + len(pcm) // 2
            through = await self._audio.append(self._room, self._stream, [frame], _END.pack(end) + decoder.state)
            if through != piece.seq:  # another socket was faster
                return through
            self._decoder, self._through, self._end = decoder, through, end
        return self._through

    async def _at_hand(self) -> Decoder:
        if self._decoder is None:
            through = await self._audio.through(self._room, self._stream)
            kept = await self._audio.decoder(self._room, self._stream)
            self._through = -1 if through is None else through
            self._end = _END.unpack_from(kept)[0] if kept else 0
            self._decoder = await asyncio.to_thread(self._new, kept[_END.size :])
        return self._decoder

    async def _decoded(self, decoder: Decoder, piece: bytes) -> bytes:
        try:
            async with asyncio.timeout(DECODE_S):
                return await asyncio.to_thread(decoder.decode, piece)
        except TimeoutError:
            raise BadSound("a piece took too long") from None

    def _begins(self, piece: Frame) -> int:
        captured = piece.capture_ms * _PER_MS
        return captured if self._through < 0 or captured - self._end > JUMP_MS * _PER_MS else self._end

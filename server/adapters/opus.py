"""`ports.Decoder` for recordings of a browser's `MediaRecorder` (WebM with Opus), through PyAV (FFmpeg).

Decides how far one piece may reach; what is sound in it is `server.webm`'s. CPU-bound and bounded: a piece that would
come to more than `PIECE_LIMIT_MS` is refused before it is decoded whole. What is remembered between pieces can be
written down, so that another process goes on in the middle of a recording.
"""

import base64
import json
from collections import deque
from typing import Final

from av.audio.codeccontext import AudioCodecContext
from av.audio.resampler import AudioResampler
from av.error import FFmpegError
from av.packet import Packet

from rooms.commands import SAMPLE_RATE_HZ
from server.ports import BadSound
from server.webm import BadContainer, Webm, read

PIECE_LIMIT_MS: Final = 10_000
"""Of sound in one piece: a page that could not run for so long sends what it recorded meanwhile at once."""
_WARM_UP: Final = 4
"""Packets that a decoder hears again before it goes on in the middle: Opus finds back within 80 ms (RFC 6716)."""
_LIMIT_BYTES: Final = PIECE_LIMIT_MS * SAMPLE_RATE_HZ // 1000 * 2


class OpusDecoder:
    """Of one recording."""

    def __init__(self, state: bytes = b"") -> None:
        """`state`: what another one left."""
        self._webm, self._lately = _read_state(state)
        self._codec: AudioCodecContext | None = None
        self._resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
        if self._webm.opus:
            for packet in self._lately:
                self._sound(packet)

    def decode(self, piece: bytes) -> bytes:
        """The samples that a piece of the recording completes. Raises BadSound; then this decoder is of no use."""
        try:
            self._webm, packets = read(self._webm, piece)
            pcm = bytearray()
            for packet in packets:
                self._lately.append(packet)
                pcm += self._sound(packet)
                if len(pcm) > _LIMIT_BYTES:
                    raise BadSound(f"a piece holds at most {PIECE_LIMIT_MS} ms")
        except (BadContainer, FFmpegError, ValueError) as wrong:
            raise BadSound(str(wrong)) from wrong
        return bytes(pcm)

    @property
    def state(self) -> bytes:
        """What another decoder needs to go on behind the last piece."""
        begun, opus, rest, skip = self._webm
        webm = [begun, opus, _text(rest), skip]
        return json.dumps([webm, [_text(packet) for packet in self._lately]]).encode()

    def _sound(self, packet: bytes) -> bytes:
        if self._codec is None:
            self._codec = AudioCodecContext.create("opus", "r")
            self._codec.sample_rate, self._codec.layout = 48_000, "mono"
            self._codec.thread_count = 1
        frames = self._codec.decode(Packet(packet))
        return b"".join(
            bytes(piece.planes[0])[: 2 * piece.samples] for frame in frames for piece in self._resampler.resample(frame)
        )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _read_state(state: bytes) -> tuple[Webm, deque[bytes]]:
    if not state:
        return Webm(), deque(maxlen=_WARM_UP)
    (begun, opus, rest, skip), lately = json.loads(state)
    webm = Webm(begun, opus, base64.b64decode(rest), skip)
    return webm, deque(map(base64.b64decode, lately), _WARM_UP)

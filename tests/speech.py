"""Sounds for tests: speech by espeak-ng, silence and noise, all 16-bit PCM, one channel, 16 kHz."""

import ctypes
import io
import random
import threading
from array import array
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import av
import espeakng_loader
import numpy as np

from rooms.protocol import Frame

RATE_HZ = 16_000
_SYNCHRONOUS = 2
_UTF8 = 1
_WORD, _LIST_ENDS = 1, 0
_lock = threading.Lock()
_heard = array("h")
_begun: list[tuple[int, int]] = []
"""Where in the text a word stands, and the millisecond at which it begins."""


class _Event(ctypes.Structure):
    """`espeak_EVENT` of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@_Callback
def _collect(samples, count, events):  # type: ignore[no-untyped-def]
    if samples and count:
        _heard.frombytes(ctypes.string_at(samples, count * 2))
    n = 0
    while events and events[n].type != _LIST_ENDS:
        if events[n].type == _WORD:
            _begun.append((events[n].text_position - 1, events[n].audio_position))
        n += 1
    return 0


@cache
def _espeak() -> tuple[ctypes.CDLL, int]:
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate_hz = library.espeak_Initialize(_SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    assert rate_hz > 0, "espeak-ng did not start"
    library.espeak_SetSynthCallback(_collect)
    return library, rate_hz


@cache
def speech(text: str, voice: str = "en-us", words_per_minute: int = 150) -> bytes:
    """The text, spoken."""
    return _spoken(text, voice, words_per_minute)[0]


def timed_speech(text: str, voice: str = "en-us", words_per_minute: int = 150) -> tuple[bytes, list[int]]:
    """The text, spoken, and the millisecond at which each of its words (what spaces separate) begins."""
    pcm, begun = _spoken(text, voice, words_per_minute)
    starts, at, start_ms = [], 0, 0
    for word in text.split():
        at = text.index(word, at)
        start_ms = next((begun[place] for place in range(at, at + len(word)) if place in begun), start_ms)
        starts.append(start_ms)
        at += len(word)
    return pcm, starts


def _spoken(text: str, voice: str, words_per_minute: int) -> tuple[bytes, dict[int, int]]:
    library, rate_hz = _espeak()
    with _lock:
        del _heard[:], _begun[:]
        library.espeak_SetVoiceByName(voice.encode())
        library.espeak_SetParameter(1, words_per_minute, 0)
        encoded = text.encode()
        library.espeak_Synth(encoded, len(encoded) + 1, 0, 1, 0, _UTF8, None, None)
        library.espeak_Synchronize()
        samples, begun = np.array(_heard, np.float64), dict(reversed(_begun))
    times = np.arange(0, len(samples) / rate_hz, 1 / RATE_HZ)
    return np.interp(times * rate_hz, np.arange(len(samples)), samples).astype("<i2").tobytes(), begun


def recorded(pcm: bytes, live: bool = True) -> bytes:
    """The same as a browser's MediaRecorder would give it: WebM with Opus, written without ever seeking back."""
    out = io.BytesIO()
    sound = av.AudioFrame.from_ndarray(np.frombuffer(pcm, "<i2").reshape(1, -1), format="s16", layout="mono")
    sound.sample_rate = RATE_HZ
    fifo = av.AudioFifo()
    for piece in av.AudioResampler(format="s16", layout="mono", rate=48_000).resample(sound):
        fifo.write(piece)
    sink = out if not live else _Pipe(out)
    with av.open(sink, "w", format="webm", options={"live": "1"} if live else {}) as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        while packet := fifo.read(960, partial=True):
            container.mux(stream.encode(packet))
        container.mux(stream.encode(None))
    return out.getvalue()


class _Pipe:
    def __init__(self, out: io.BytesIO) -> None:
        self._out = out

    def write(self, data: bytes) -> int:
        return self._out.write(data)


def samples(path: Path) -> bytes:
    """A sound file as 16-bit PCM at 16 kHz."""
    resampler = av.AudioResampler("s16", "mono", 16_000)
    with av.open(str(path)) as file:
        frames = [*file.decode(audio=0), None]
        return b"".join(piece.to_ndarray().tobytes() for frame in frames for piece in resampler.resample(frame))


def silence(ms: int) -> bytes:
    return b"\0\0" * (RATE_HZ * ms // 1000)


def noise(ms: int, level: int = 300, seed: int = 1) -> bytes:
    """White noise of a fixed seed; `level` is its standard deviation in 16-bit steps."""
    found = np.random.default_rng(seed).normal(0, level, RATE_HZ * ms // 1000)
    return found.clip(-32768, 32767).astype("<i2").tobytes()


def length_ms(pcm: bytes) -> int:
    return len(pcm) * 1000 // (2 * RATE_HZ)


def frames(pcm: bytes, frame_ms: int = 40, *, first: int = 0, from_ms: int = 0) -> Iterator[Frame]:
    """The audio as a client would send it. The last frame may be shorter."""
    size = RATE_HZ * frame_ms // 1000 * 2
    for n, start in enumerate(range(0, len(pcm), size)):
        yield Frame(first + n, from_ms + start // (2 * RATE_HZ // 1000), pcm[start : start + size])


def uneven_frames(pcm: bytes, seed: int) -> Iterator[Frame]:
    """The audio in frames of 20 to 200 ms, whole milliseconds, by a fixed seed."""
    lengths, start, seq = random.Random(seed), 0, 0
    while start < len(pcm):
        size = lengths.randint(20, 200) * RATE_HZ // 1000 * 2
        yield Frame(seq, start // (2 * RATE_HZ // 1000), pcm[start : start + size])
        start, seq = start + size, seq + 1

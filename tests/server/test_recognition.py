import asyncio
from collections.abc import Sequence

import pytest

from rooms.transcript import Word
from server.hearing.recognition import Recognition
from server.ports import Hung, Hypothesis, TranscriberFailed
from tests.waiting import DEADLINE_S

WORD = Word(text="yes", start_ms=0, end_ms=10)


class Stream:
    def __init__(self, *, fails: bool = False, hangs: bool = False, deaf: bool = False, says: Word = WORD) -> None:
        self.says = says
        self.fails, self.hangs, self.deaf = fails, hangs, deaf
        self.pcm = b""
        self.abandoned = False

    async def hear(self, pcm: bytes) -> Hypothesis | None:
        if self.deaf:
            raise RuntimeError("deaf")
        self.pcm += pcm
        return Hypothesis((WORD,))

    async def finish(self, rest: bytes = b"") -> Sequence[Word]:
        self.pcm += rest
        if self.hangs:
            await asyncio.Event().wait()
        if self.fails:
            raise TranscriberFailed
        return (self.says,)

    async def abandon(self) -> None:
        self.abandoned = True
        raise RuntimeError("nobody minds")


class Streams:
    """A recogniser that hands out these streams."""

    label, caution = "Streams", None

    def __init__(self, *streams: Stream) -> None:
        self.streams, self.hints = list(streams), list[Sequence[str]]()

    def open(self, hints: Sequence[str] = (), room: str = "") -> Stream:
        self.hints.append(hints)
        return self.streams.pop(0)

    async def close(self) -> None: ...


async def test_one_stream_hears_the_utterance_and_gives_its_words() -> None:
    stream = Stream()
    recognition = Recognition(Streams(stream), DEADLINE_S)
    assert await recognition.hear(b"ab") == Hypothesis((WORD,))
    await recognition.hear(b"cd")
    assert await recognition.finish(b"ef") == (WORD,)
    assert stream.pcm == b"abcdef"
    assert not stream.abandoned


@pytest.mark.parametrize("first", [Stream(fails=True), Stream(hangs=True)], ids=["fails", "hangs"])
async def test_after_a_failure_a_fresh_stream_hears_it_all_again(first: Stream) -> None:
    second = Stream()
    recognition = Recognition(Streams(first, second), 0.1)
    await recognition.hear(b"ab")
    await recognition.hear(b"cd")
    assert await recognition.finish(b"ef") == (WORD,)
    assert first.abandoned
    assert second.pcm == b"abcdef"


async def test_a_stream_that_goes_deaf_on_the_way_is_replaced_at_the_end() -> None:
    first, second = Stream(deaf=True), Stream()
    recognition = Recognition(Streams(first, second), DEADLINE_S)
    assert await recognition.hear(b"ab") is None
    assert await recognition.hear(b"cd") is None
    assert await recognition.finish() == (WORD,)
    assert second.pcm == b"abcd"


async def test_two_failures_are_a_failure_within_the_deadline() -> None:
    recognition = Recognition(Streams(Stream(hangs=True), Stream(hangs=True)), 0.1)
    await recognition.hear(b"ab")
    async with asyncio.timeout(DEADLINE_S):
        with pytest.raises(TranscriberFailed):
            await recognition.finish()


async def test_audio_that_a_recogniser_hung_on_is_not_tried_again() -> None:
    class Hanging(Stream):
        async def finish(self, rest: bytes = b"") -> Sequence[Word]:
            raise Hung

    second = Stream()
    with pytest.raises(TranscriberFailed):
        await Recognition(Streams(Hanging(), second), DEADLINE_S).finish(b"ab")
    assert second.pcm == b""


async def test_more_words_than_anybody_says_are_garbage() -> None:
    flood = Stream(says=Word(text="la" * 90, start_ms=0, end_ms=10))
    recognition = Recognition(Streams(flood, Stream()), DEADLINE_S)
    assert await recognition.finish(bytes(32_000)) == (WORD,)
    assert flood.abandoned


async def test_hints_reach_every_stream() -> None:
    streams = Streams(Stream(fails=True), Stream())
    recognition = Recognition(streams, DEADLINE_S, ["Kafka"])
    await recognition.hear(b"ab")
    await recognition.finish()
    assert streams.hints == [["Kafka"], ["Kafka"]]


async def test_nothing_heard_can_be_abandoned() -> None:
    await Recognition(Streams(), 1).abandon()

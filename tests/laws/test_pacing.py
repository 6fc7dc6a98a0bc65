"""Pacing invariance: the same audio gives the same words, however it comes and whoever hears it."""

import asyncio
from collections.abc import Sequence
from itertools import cycle, pairwise
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rooms.protocol import Frame, Partial
from rooms.transcript import Utterance, Word
from server.adapters.whisper import load
from server.hearing.checkpoint import read
from server.hearing.ear import Ear
from server.hearing.scribe import Needs
from server.hearing.voices import Voices, judge
from server.ports import Hypothesis, Transcriber
from tests.canned_whisper import evenly, write
from tests.server.hearings import Echo, EchoStream, Heard, LevelVoice, Rig, tone
from tests.speech import silence

NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
"""An example takes a tenth of a second; a smaller one is not worth the minutes."""
STRETCHES = st.lists(st.tuples(st.integers(1, 90), st.integers(0, 4_500), st.integers(0, 600)), min_size=1, max_size=5)
"""Speech: how loud, for how long in ms, and the silence behind it; most silences end no utterance."""


@given(
    stretches=STRETCHES,
    lengths=st.lists(st.integers(20, 400), min_size=1, max_size=12),
    batches=st.lists(st.integers(3, 60), min_size=1, max_size=6),
    guesses=st.lists(st.booleans(), min_size=1, max_size=5),
    falls=st.lists(st.integers(0, 15_000), max_size=2),
)
@settings(max_examples=12, deadline=None, phases=NO_SHRINKING, suppress_health_check=[HealthCheck.too_slow])
def test_the_same_audio_gives_the_same_words_in_any_pieces_with_any_guesses_and_takeovers(
    stretches: list[tuple[int, int, int]],
    lengths: list[int],
    batches: list[int],
    guesses: list[bool],
    falls: list[int],
) -> None:
    audio = silence(640) + b"".join(tone(level, ms) + silence(pause) for level, ms, pause in stretches) + silence(900)

    async def law() -> None:
        known, _ = await heard(audio, [40], [25], Guessing([True]))
        again, told = await heard(audio, lengths, batches, Guessing(guesses), falls)
        assert again == known
        for partial in told:
            final = next((u.text for u in known if u.id == partial.utterance), "")
            assert final.startswith(partial.stable)
        for before, after in pairwise(told):
            assert before.utterance != after.utterance or after.stable.startswith(before.stable)

    asyncio.run(law())


def test_the_law_holds_for_whispers_real_code(tmp_path: Path) -> None:
    audio = silence(640) + tone(9, 5_000) + silence(350) + tone(7, 2_000) + silence(900)
    model = write(tmp_path / "canned", evenly("we moved one queue", 0.3, 3.3))

    async def law() -> None:
        found = []
        for lengths, batches in (([40], [25]), ([137, 20], [3, 50])):
            whisper = load(model, threads=1)
            found.append(await heard(audio, lengths, batches, whisper))
            await whisper.close()
        ((known, _), (again, told)) = found
        assert [utterance.text for utterance in known] == ["we moved one queue we moved one queue"]
        assert again == known
        assert all(known[0].text.startswith(partial.stable) for partial in told)
        assert any(partial.stable for partial in told)

    asyncio.run(law())


async def heard(
    audio: bytes,
    lengths: Sequence[int],
    batches: Sequence[int],
    transcriber: Transcriber,
    falls: Sequence[int] = (),
) -> tuple[Sequence[Utterance], Sequence[Partial]]:
    """What a room has of the audio in the end, and what it was told on the way.

    At the places `falls` (ms) its hearing is dropped, and another one goes on from the audio log.
    """
    rig = Rig()
    async with rig.up(), rig.room() as room:
        frames = list(_framed(audio, lengths))
        sent = 0
        for fence, place in enumerate([*sorted(falls), len(audio) // 32], 1):
            while sent < len(frames) and frames[sent].capture_ms < place:
                await room.send([frames[sent]])
                sent += 1
            await _hear(rig, room, transcriber, batches, fence)
        words = [utterance.model_copy(update={"audio": None}) for utterance in room.turn.utterances]
        return words, [told for told in room.told("partial") if isinstance(told, Partial)]


async def _hear(rig: Rig, room: Heard, transcriber: Transcriber, batches: Sequence[int], fence: int) -> None:
    """One worker hears all that is there, and dies. As `server.hearing.Hearing` does it, without its clock."""
    feed, pen = rig.feeds.here(room.id), rig.pen(room.id, fence)
    assert feed
    note = await rig.notes.recall(room.id, fence)
    left = read(note) if note else None
    ear = Ear(feed, pen, Needs(rig.settings, rig.log, rig.audio, rig.notes, transcriber, rig.clock), left)
    voices = {room.id: Voices(left.place.streams if left else {})}
    waiting = [kept for kept in rig.audio.kept.get(room.id, ()) if kept[0] > int(ear.position or 0)]
    for size in cycle(batches):
        if not waiting:
            break
        some, waiting = waiting[:size], waiting[size:]
        found = {room.id: (str(some[-1][0]), [kept[1:] for kept in some])}
        await ear._listen(judge(LevelVoice(), found, voices)[room.id])
    await ear._scribe.abandon()


def _framed(audio: bytes, lengths: Sequence[int]) -> Sequence[Frame]:
    frames, start = [], 0
    while start < len(audio):
        size = lengths[len(frames) % len(lengths)] * 32
        frames.append(Frame(len(frames), start // 32, audio[start : start + size]))
        start += size
    return frames


class Guessing(Echo):
    """Guesses or not, in turn. Writes each loud stretch as its level and its length, as `Echo` does, but quicker."""

    def __init__(self, guesses: Sequence[bool]) -> None:
        super().__init__()
        self.guesses = list(guesses)

    def open(self, hints: Sequence[str] = (), room: str = "") -> EchoStream:
        owner = self

        class Stream(EchoStream):
            async def hear(self, pcm: bytes) -> Hypothesis | None:
                self.pcm += pcm
                owner.guesses.append(owner.guesses.pop(0))
                return Hypothesis(self._words()) if owner.guesses[0] else None

            def _words(self) -> list[Word]:
                levels = np.frombuffer(self.pcm, "<i2")[::16] >> 8
                edges = [0, *(np.flatnonzero(np.diff(levels)) + 1).tolist(), len(levels)]
                return [
                    Word(text=f"{levels[start]}x{end - start}", start_ms=start, end_ms=end)
                    for start, end in pairwise(edges)
                    if end > start and levels[start]
                ]

        return Stream()

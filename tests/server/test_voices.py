"""Which rooms' audio is judged before which, together with which, and whose fault takes whom along."""

from collections.abc import Sequence

from rooms.protocol import Frame
from rooms.windows import Cut
from server.adapters.silero import Silero
from server.hearing.checkpoint import Stream
from server.hearing.ear import Batch
from server.hearing.voices import USUAL_FRAMES, Voices, judge, slices
from server.ports import Judged
from tests.server.hearings import LevelVoice, tone
from tests.speech import silence, speech

FRAME_BYTES = 1_280


def frames(pcm: bytes, stream: str = "m-1", first: int = 0) -> list[tuple[str, Frame]]:
    pieces = [pcm[at : at + FRAME_BYTES] for at in range(0, len(pcm), FRAME_BYTES)]
    return [(stream, Frame(n, 40 * n, piece)) for n, piece in enumerate(pieces, first)]


def test_who_may_just_begin_comes_before_who_speaks_and_before_who_catches_up() -> None:
    little, much = frames(b"\0" * 1_280), frames(bytes(1_280 * (USUAL_FRAMES + 1)))
    found = {"behind": ("3", much), "speaking": ("1", little), "quiet": ("2", little), "still": ("4", little)}
    assert [[*some] for some in slices(found, {"speaking", "behind"})] == [["quiet", "still", "speaking"], ["behind"]]


def test_nothing_is_judged_where_nothing_came() -> None:
    assert not [*slices({}, set())]


def test_rooms_that_are_judged_together_are_judged_in_one_go() -> None:
    sizes = []

    class Counting(LevelVoice):
        def judge(self, heard: Sequence[tuple[bytes, Sequence[bytes]]]) -> Sequence[Judged]:
            sizes.append([len(windows) for _, windows in heard])
            return super().judge(heard)

    found = {"a": ("1", frames(tone(4, 320))), "b": ("2", frames(silence(640)))}
    batches = judge(Counting(), found, {"a": Voices({}), "b": Voices({})})
    assert sizes == [[10, 20]]
    assert [probability for _, probability in batches["a"].judged] == [1.0] * 10
    assert [probability for _, probability in batches["b"].judged] == [0.0] * 20


def test_a_room_hears_the_same_whoever_is_judged_with_it() -> None:
    spoken = frames(speech("I wrote the tests first, and then the rest."))
    detector, alone, together, other = Silero(), Voices({}), Voices({}), Voices({})
    for at in range(0, len(spoken), 3):
        found = {"a": (str(at), spoken[at : at + 3])}
        others = {"b": (str(at), frames(tone(9, 400), first=10 * at))}
        one = judge(detector, found, {"a": alone})["a"]
        assert judge(detector, {**others, **found}, {"a": together, "b": other})["a"] == one
    assert max(probability for _, probability in one.judged) < 1


def test_two_microphones_of_a_room_do_not_mix_and_keep_their_order() -> None:
    quiet, loud = frames(silence(320)), frames(tone(4, 320), "m-2")
    between = [one for pair in zip(quiet, loud, strict=True) for one in pair]
    (batch,) = judge(LevelVoice(), {"a": ("1", between)}, {"a": Voices({})}).values()
    assert {(window.stream, probability) for window, probability in batch.judged} == {("m-1", 0.0), ("m-2", 1.0)}
    assert [window.seq for window, _ in batch.judged] == sorted(window.seq for window, _ in batch.judged)
    assert batch.through == {"m-1": 7, "m-2": 7}


def test_audio_that_breaks_the_detector_is_its_own_rooms_loss_alone() -> None:
    class Touchy(LevelVoice):
        def likely(self, samples: bytes) -> float:
            if max(samples[1::2]) == 9:
                raise RuntimeError("not this one")
            return super().likely(samples)

    found = {"bad": ("1", frames(tone(9, 320))), "good": ("2", frames(tone(4, 320)))}
    batches = judge(Touchy(), found, {"bad": Voices({}), "good": Voices({})})
    assert batches["bad"] == Batch("1", {"m-1": 7}, [], batches["bad"].streams)
    assert [probability for _, probability in batches["good"].judged] == [1.0] * 10


def test_what_another_release_remembered_of_a_voice_is_begun_anew() -> None:
    spoken = frames(speech("After a crash, another worker goes on."))
    anew, left = Voices({}), Voices({"m-1": Stream(Cut("m-1"), b"something else")})
    found = {"a": ("1", spoken)}
    assert judge(Silero(), found, {"a": left}) == judge(Silero(), found, {"a": anew})

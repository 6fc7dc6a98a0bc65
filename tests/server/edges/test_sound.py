"""Foreign encodings become the samples that they stand for, however they are cut."""

import av
import numpy as np
import pytest

from server.edges.sound import A_LAW, MU_LAW, BadAudio, Decoder, Encoding
from tests.speech import speech


@pytest.mark.parametrize(("codec", "ours"), [("pcm_mulaw", MU_LAW), ("pcm_alaw", A_LAW)])
def test_each_byte_means_what_another_decoder_makes_of_it(codec: str, ours: np.ndarray) -> None:  # type: ignore[type-arg]
    decoder = av.CodecContext.create(codec, "r")
    decoder.sample_rate, decoder.layout = 8_000, "mono"  # type: ignore[attr-defined]
    (frame,) = decoder.decode(av.Packet(bytes(range(256))))  # type: ignore[attr-defined]
    assert frame.to_ndarray()[0].tolist() == ours.tolist()


@pytest.mark.parametrize(("encoding", "piece"), [(Encoding.PCM, 960), (Encoding.PCMU, 160), (Encoding.PCMA, 160)])
def test_a_stream_in_pieces_is_the_stream_in_one(encoding: Encoding, piece: int) -> None:
    whole = speech("Every reader waited for the same lock.")[: 960 * 40]
    one, many = Decoder(encoding), Decoder(encoding)
    at_once = one.decode(whole) + one.rest()
    bits = b"".join(many.decode(whole[n : n + piece]) for n in range(0, len(whole), piece)) + many.rest()
    assert bits == at_once
    assert len(at_once) // 32 == pytest.approx(one.duration_ms(whole), abs=2)


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(BadAudio):
        Decoder(Encoding.PCM).decode(b"123")

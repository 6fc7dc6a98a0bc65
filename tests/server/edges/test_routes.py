"""Whose handshake counts as signed."""

import base64
import hmac
from hashlib import sha1

import pytest
from pydantic import SecretStr
from starlette.requests import HTTPConnection

from server.edges.routes import signed_by_twilio

TOKEN = SecretStr("the-token-of-a-telephone")
RIGHT = base64.b64encode(
    hmac.new(TOKEN.get_secret_value().encode(), b"wss://rooms.example/rooms/r-1/twilio", sha1).digest()
)


@pytest.mark.parametrize(
    ("signature", "signed"), [(RIGHT, True), (RIGHT.swapcase(), False), (b"", False), ("ü".encode(), False)]
)
def test_only_the_right_signature_is_one_whatever_its_bytes(signature: bytes, signed: bool) -> None:
    headers = [(b"host", b"elsewhere"), (b"x-twilio-signature", signature)]
    scope = {"type": "websocket", "scheme": "ws", "path": "/rooms/r-1/twilio", "headers": headers}
    assert signed_by_twilio("https://rooms.example", HTTPConnection(scope), TOKEN) is signed

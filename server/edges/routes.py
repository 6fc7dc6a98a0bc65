"""The addresses of the edges, and who may come in by them.

Decides where the key of a foreign client is found: a one-use ticket of a room, or a token whose bearer may take a
ticket for the candidate there. From then on it is a ticket like any other, checked by the same gate. Cookies are not
looked at: no page can come in here on its visitor's account.
"""

import base64
import contextlib
import hmac
from collections.abc import Callable
from functools import partial
from hashlib import sha1
from typing import Final

from pydantic import SecretStr
from starlette.requests import HTTPConnection
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from rooms.people import Role
from rooms.releases import NewerFact
from server.edges.interpreted import Interpreted, Interpreter
from server.edges.openai_realtime import OpenAiRealtime
from server.edges.twilio_media import TwilioMedia
from server.errors import Failed
from server.gate import Gate
from server.identity import Identity
from server.ports import Unavailable
from server.settings import Settings
from server.socket import Sockets
from server.story import UnknownRoom
from server.way import AsgiWay, Way, carried_on
from server.writer import Writer

NO_TICKET: Final = "none"
MOST: Final = 200
"""Characters that a ticket has at most."""


class Edges:
    def __init__(self, settings: Settings, sockets: Sockets, gate: Gate, identity: Identity, writer: Writer) -> None:
        self._settings, self._sockets = settings, sockets
        self._gate, self._identity, self._writer = gate, identity, writer

    def routes(self) -> list[WebSocketRoute]:
        return [
            WebSocketRoute("/rooms/{room}/v1/realtime", self.openai),
            WebSocketRoute("/rooms/{room}/twilio", self.twilio),
        ]

    async def openai(self, websocket: WebSocket) -> None:
        """`AsyncOpenAI(base_url=".../rooms/{room}/v1", api_key=ticket).realtime.connect(...)`."""
        room = websocket.path_params["room"]
        ticket = await self._ticket(websocket, room)
        silence_ms = self._settings.utterance_silence_ms
        made = partial(OpenAiRealtime, ticket, websocket.query_params.get("consent"), silence_ms)
        await self._serve(websocket, room, made)

    async def twilio(self, websocket: WebSocket) -> None:
        """`<Stream url="wss://.../rooms/{room}/twilio">` with the parameters `ticket` and `consent`."""
        token = self._settings.twilio_auth_token
        if token and not signed_by_twilio(self._settings.public_url, websocket, token):
            await websocket.close()  # before it is accepted: HTTP 403
            return
        await self._serve(websocket, websocket.path_params["room"], TwilioMedia)

    async def _serve(self, websocket: WebSocket, room: str, made: Callable[[], Interpreter]) -> None:
        await websocket.accept()
        origin = websocket.headers.get("origin", "")

        async def serve(way: Way) -> None:
            async with Interpreted(way, made()) as interpreted:
                await self._sockets.serve(room, origin, interpreted)

        if not carried_on(websocket.scope, serve):
            async with AsgiWay(websocket) as way:
                await serve(way)

    async def _ticket(self, connection: HTTPConnection, room_id: str) -> str:
        """The key that was brought, as a ticket; what is no token of ours is taken for one, and the gate will see."""
        key = connection.headers.get("authorization", "").partition(" ")[2][:MOST] or NO_TICKET
        person = self._identity.owner(key)
        if person is None:
            return key
        with contextlib.suppress(Failed, UnknownRoom, Unavailable, NewerFact):
            if room := await self._writer.look(room_id):
                ticket, _ = await self._gate.issue(person, room, Role.CANDIDATE, None, "")
                return ticket
        return NO_TICKET


def signed_by_twilio(public_url: str, connection: HTTPConnection, token: SecretStr) -> bool:
    """Whether the handshake carries Twilio's signature of this address: HMAC-SHA1 of the URL, in base 64."""
    scheme, _, rest = public_url.partition("://")
    url = f"{'wss' if scheme == 'https' else 'ws'}://{rest.rstrip('/')}{connection.url.path}"
    given = connection.headers.get("x-twilio-signature", "").encode()
    key = token.get_secret_value().encode()
    return any(
        hmac.compare_digest(base64.b64encode(hmac.new(key, each.encode(), sha1).digest()), given)
        for each in (url, f"{url}/")  # it signs the address as it was written down
    )

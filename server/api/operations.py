"""What the owner of a Greenroom may know of its running."""

from hmac import compare_digest
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from server import metrics
from server.errors import Failed
from server.gate import Gate
from server.identity import Person
from server.ledger import Ledgers, look
from server.operations import Backlog, Operations
from server.ports import Ledger
from server.settings import Settings


def routes(settings: Settings, gate: Gate, backlog: Backlog, ledger: Ledger) -> APIRouter:
    router = APIRouter(tags=["operations"])
    signed_in = Annotated[Person, Depends(gate.signed_in)]

    @router.get("/api/operations")
    async def operations(person: signed_in) -> Operations:
        """How far the database is behind the rooms, and which rooms cannot be archived. For the owner only."""
        _owner(person)
        return await backlog.look()

    @router.get("/api/operations/turns")
    async def turns(person: signed_in) -> Ledgers:
        """What the latest turns took, of all rooms, and how those delays spread. For the owner only."""
        _owner(person)
        return await look(ledger)

    @router.get("/metrics", include_in_schema=False)
    async def scraped(request: Request) -> Response:
        """For Prometheus, with METRICS_TOKEN or the owner's as its bearer token. Times and counts only."""
        if not _may_scrape(settings, request.headers.get("authorization", "")):
            _owner(await gate.signed_in(request))
        text = metrics.written(await ledger.counts(), await backlog.look())
        return Response(text, media_type=metrics.CONTENT_TYPE)

    return router


def _owner(person: Person) -> None:
    if not person.owner:
        raise Failed("operations_owner_only")


def _may_scrape(settings: Settings, authorization: str) -> bool:
    scheme, _, token = authorization.partition(" ")
    expected = settings.metrics_token
    if expected is None or scheme.lower() != "bearer":
        return False
    return compare_digest(token.encode(), expected.get_secret_value().encode())

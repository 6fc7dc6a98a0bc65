"""What the owner of a Greenroom may know of its running."""

from typing import Annotated

from fastapi import APIRouter, Depends

from server.errors import Failed
from server.gate import Gate
from server.identity import Person
from server.operations import Backlog, Operations


def routes(gate: Gate, backlog: Backlog) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["operations"])
    signed_in = Annotated[Person, Depends(gate.signed_in)]

    @router.get("/operations")
    async def operations(person: signed_in) -> Operations:
        """How far the database is behind the rooms, and which rooms cannot be archived. For the owner only."""
        if not person.owner:
            raise Failed("operations_owner_only")
        return await backlog.look()

    return router

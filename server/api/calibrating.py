"""Calibration over HTTP: what coaches' blind ratings say about the weights, and new weights where they are better.

Decides who may ask. Nothing is put into use here: whoever wants the new weights puts the file where the workers look
(WEIGHTS_DIR) and activates it.
"""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from rooms.interview.bank import Bank, UnknownQuestion
from scoring.calibrate import Errors, Rated, Widths, calibrated
from scoring.review import Rating
from scoring.weights import dumps
from server.api.reports import Look
from server.api.weights import known_weights
from server.errors import Failed
from server.gate import Gate
from server.identity import Person
from server.marker import caution_of, rubric_of
from server.ports import Reviews
from server.shelf import Shelf


class Calibrated(BaseModel):
    base: str
    answers: int
    rooms: int
    dimensions: list[Errors]
    """On answers of rooms that were held out."""
    before: float | None
    after: float | None
    covered: float | None
    widths: list[Widths]
    """Of the families whose intervals were learnt from answers to their own questions."""
    version: str | None
    """Of the new weights; null where they are no better, or ratings are too few."""
    file: str | None
    """The new weights as a file."""
    why_not: str | None


def routes(gate: Gate, look: Look, bank: Bank, shelf: Shelf, reviews: Reviews) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["weights"])
    signed_in = Annotated[Person, Depends(gate.signed_in)]

    @router.get("/calibration")
    async def calibration(person: signed_in) -> Calibrated:
        """What blind ratings of my rooms say about the newest weights."""
        if not person.owner:
            raise Failed("weights_owner_only")
        rooms = list(await reviews.scored(person.id))
        rated = await _rated(rooms, [one for one in await reviews.ratings(rooms) if one.counts])
        with known_weights():
            base = shelf.get(shelf.versions()[-1])
        found = await asyncio.to_thread(calibrated, rated, base)
        made = found.weights
        return Calibrated(
            **found.model_dump(exclude={"weights"}),
            version=made.version if made else None,
            file=dumps(made) if made else None,
        )

    async def _rated(rooms: list[str], ratings: list[Rating]) -> list[Rated]:
        found = []
        for room_id in rooms:
            room = await look(room_id)
            for one in ratings if room else ():
                if room is None or one.room != room_id or one.turn > len(room.turns):
                    continue
                turn = room.turns[one.turn - 1]
                try:
                    rubric = rubric_of(bank, room, turn)
                except UnknownQuestion:
                    continue  # the bank has this question no more
                said = {dimension: score for dimension, score in one.scores.items() if score is not None}
                found.append(Rated(room_id, rubric, turn.transcript, caution_of(room, turn), said))
        return found

    return router

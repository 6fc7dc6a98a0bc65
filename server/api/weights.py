"""Weights over HTTP: which there are, which are in use for whom, who put them into use; and a room scored again.

Decides who may put weights into use: the owner, where WEIGHTS_ACTIVATED_BY says so, or nobody. Every change is kept
with who, when, before, after and why, and none is ever taken back: going back is another change.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from rooms.events import Mode, Seniority
from rooms.interview.bank import Bank
from rooms.people import Id
from scoring.calibration import sample, snapshot_of
from scoring.drift import Drift, Shift, Snapshot, drift, taken
from scoring.meaning import Encoder
from scoring.weights import NEWEST, Weights, WeightsError
from server.api.reports import Look
from server.errors import Failed
from server.gate import Gate
from server.identity import Person
from server.marker import EncoderMissing
from server.ports import Activation, Activations, Clock, Reviews
from server.rescoring import Rescored, rescored
from server.settings import Settings
from server.shelf import Shelf, in_use

Version = Annotated[str, Field(pattern=r"^(judge-)?\d+\.\d+\.\d+$", max_length=40)]


class Shelved(BaseModel):
    version: str
    sha256: str | None = None
    training_set: str | None = None
    metrics: dict[str, float] = {}
    modes: list[str] = []
    seniority: list[str] = []
    """The levels they were made for; none: any."""
    in_use_for: list[str] = []
    """Modes, or modes and levels, whose new rooms get them."""
    problem: str | None = None
    """Why they cannot be used."""


class Kept(BaseModel):
    """One row of the audit."""

    number: int
    mode: str
    seniority: str
    before: str | None
    version: str
    sha256: str
    by: str
    name: str
    reason: str
    at: int


class Shelves(BaseModel):
    newest: str
    """What rooms get where nothing else was put into use."""
    versions: list[Shelved]
    activations: list[Kept]
    """The oldest first."""


class Wish(BaseModel):
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$", max_length=40)]
    mode: Mode | None = None
    """null: all modes that have none of their own."""
    seniority: Seniority | None = None
    reason: Annotated[str, Field(min_length=3, max_length=1_000)]
    despite_drift: bool = False
    """Whether to go on although scores move so far that a release would be stopped."""


class Activated(BaseModel):
    activation: Kept
    drift: float
    """The population stability index against what was in use."""
    shift: Shift


def routes(
    settings: Settings,
    gate: Gate,
    look: Look,
    bank: Bank,
    shelf: Shelf,
    activations: Activations,
    reviews: Reviews,
    clock: Clock,
    encoder: Encoder | None,
) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["weights"])
    signed_in = Annotated[Person, Depends(gate.signed_in)]

    @router.get("/weights")
    async def all_weights(person: signed_in) -> Shelves:
        """All versions, what is in use, and every change of that."""
        _owners(person)
        kept = await activations.all()
        rows = [_shelved(shelf, version, kept) for version in shelf.versions()]
        return Shelves(newest=NEWEST, versions=rows, activations=[Kept(**one._asdict()) for one in kept])

    @router.get("/weights/{version}")
    async def one_version(version: Version, person: signed_in) -> Weights:
        """The figures of a version."""
        _owners(person)
        with known_weights():
            return shelf.named(version)

    @router.post("/weights/activations", status_code=201)
    async def activate(wish: Wish, person: signed_in) -> Activated:
        """Put weights into use for rooms that are opened from now on. Rooms that are open keep theirs."""
        _owners(person)
        if settings.weights_activated_by != "owner":
            raise Failed("activation_forbidden")
        with known_weights():
            weights = shelf.get(wish.version)
        _fits(weights, wish)
        mode, level = wish.mode or "", wish.seniority or ""
        before = in_use(await activations.all(), mode, level)
        moved = await asyncio.to_thread(_moved, shelf, before.version if before else NEWEST, weights)
        if moved.shift is Shift.STOP and not wish.despite_drift:
            raise Failed("weights_drift")
        row = Activation(
            0, mode, level, None, weights.version, weights.sha256, person.id, person.name, wish.reason, clock.now_ms()
        )
        added = await activations.add(row)
        return Activated(activation=Kept(**added._asdict()), drift=moved.worst, shift=moved.shift)

    @router.get("/rooms/{room_id}/rescored")
    async def room_rescored(room_id: Id, weights: Annotated[Version, Query()], person: signed_in) -> Rescored:
        """A room's answers with other weights, beside what they were given. Nothing is kept of it.

        Who is shown the machine's scores here rates the interview blind no more.
        """
        room = await look(room_id)
        if room is None or not gate.roles(person, room):
            raise Failed("unknown_room")
        if room.owner != person.id:
            raise Failed("not_your_role")
        with known_weights():
            found = await asyncio.to_thread(rescored, room, bank, shelf, weights, encoder)
        if found.turns:
            await reviews.show(room_id, person.id, clock.now_ms())
        return found

    return router


def _owners(person: Person) -> None:
    if not person.owner:
        raise Failed("weights_owner_only")


@contextlib.contextmanager
def known_weights() -> Iterator[None]:
    """Whoever asks for weights or an encoder that are not there, or are not what they claim, is told so."""
    try:
        yield
    except WeightsError:
        raise Failed("unknown_weights") from None
    except EncoderMissing:
        raise Failed("unknown_encoder") from None


def _fits(weights: Weights, wish: Wish) -> None:
    """Weights are put into use only for what they were made for."""
    modes = {family.value for family in weights.modes}
    if (wish.mode and wish.mode not in modes) or (not wish.mode and modes != {mode.value for mode in Mode}):
        raise Failed("weights_do_not_fit")
    if weights.seniority and (wish.seniority is None or wish.seniority not in weights.seniority):
        raise Failed("weights_do_not_fit")


def _moved(shelf: Shelf, before: str, after: Weights) -> Drift:
    return drift(_snapshot(shelf.of_room(before)), _snapshot(after))


def _snapshot(weights: Weights) -> Snapshot:
    """The one taken at the release, or one taken now of weights that did not ship."""
    with contextlib.suppress(WeightsError):
        kept = snapshot_of(weights.version)
        if kept.sha256 == weights.sha256:
            return kept
    return taken(weights, *sample())


def _shelved(shelf: Shelf, version: str, kept: Sequence[Activation]) -> Shelved:
    try:
        weights = shelf.get(version)
    except WeightsError as wrong:
        return Shelved(version=version, problem=str(wrong))
    return Shelved(
        version=version,
        sha256=weights.sha256,
        training_set=weights.training_set,
        metrics=dict(weights.metrics),
        modes=[family.value for family in weights.modes],
        seniority=list(weights.seniority),
        in_use_for=_uses(kept, version),
    )


def _uses(kept: Sequence[Activation], version: str) -> list[str]:
    """Where new rooms get this version: the modes, and the levels that have something else than their mode."""
    found = []
    for mode in Mode:
        base = in_use(kept, mode, None)
        if (base.version if base else NEWEST) == version:
            found.append(mode.value)
        for level in Seniority:
            one = in_use(kept, mode, level)
            if one is not base and (one.version if one else NEWEST) == version:
                found.append(f"{mode.value}/{level.value}")
    return found

"""All weights that this server has: those that ship, and those in WEIGHTS_DIR. And which of them a room gets.

Decides what is on the shelf and what is in use for whom, as the activations say; never who may activate
(`server.api.weights`). A file that is not what its hash promises is not on the shelf.
"""

import hashlib
import logging
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from scoring.weights import NEWEST, NEWEST_JUDGE, Weights, WeightsError, in_order, load_weights, parse_weights, shipped
from server.ports import Activation, Activations, Unavailable

_log = logging.getLogger(__name__)


class Shelf:
    """`folder` may hold `local-X.Y.Z.toml` and `judge-X.Y.Z.toml`; each worker needs the same ones."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._read = lru_cache(maxsize=64)(self._load)

    def versions(self, scorer: str = "local") -> tuple[str, ...]:
        """The oldest first; files that cannot be read are among them, so that `get` can say why."""
        own = self._folder.glob(f"{scorer}-*.toml") if self._folder else ()
        return tuple(sorted({*shipped(scorer), *(file.stem.removeprefix(f"{scorer}-") for file in own)}, key=in_order))

    def get(self, version: str, scorer: str = "local") -> Weights:
        """Raises WeightsError, with a sentence that names the file, for what is not there or is not what it claims."""
        return self._read(version, scorer)

    def named(self, name: str) -> Weights:
        """The weights behind a score, by what it says of them: "1.0.0", or "judge-1.0.0". Raises WeightsError."""
        return self.get(name.removeprefix("judge-"), "judge" if name.startswith("judge-") else "local")

    @property
    def contents(self) -> str:
        """A short name for all that is here, figures included: the same on another server only if that has the same."""
        return hashlib.sha256("\n".join(self._contents()).encode()).hexdigest()[:12]

    def _contents(self) -> Iterator[str]:
        for scorer in ("local", "judge"):
            for version in self.versions(scorer):
                try:
                    yield f"{scorer} {version} {self.get(version, scorer).sha256}"
                except WeightsError:
                    yield f"{scorer} {version} unreadable"

    def of_room(self, version: str | None, scorer: str = "local") -> Weights:
        """What marks a room that was opened with this version; the newest where that is not to be had here."""
        newest = NEWEST if scorer == "local" else NEWEST_JUDGE
        try:
            return self.get(version or newest, scorer)
        except WeightsError as wrong:
            _log.error("a room's weights are not here; the newest mark it", extra={"why": str(wrong)})
            return load_weights(newest, scorer)

    def _load(self, version: str, scorer: str) -> Weights:
        file = self._folder / f"{scorer}-{version}.toml" if self._folder else None
        if version in shipped(scorer):
            if file is not None and file.exists():
                _log.error("a file has the version of weights that ship, and is not used", extra={"file": str(file)})
            return load_weights(version, scorer)
        if file is None or version not in self.versions(scorer):
            raise WeightsError(f"there are no weights {version}")
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as wrong:
            raise WeightsError(f"{file}: {wrong}") from wrong
        found = parse_weights(text, str(file))
        if found.version != version:
            raise WeightsError(f"{file}: these are the weights {found.version}")
        return found


def in_use(activations: Iterable[Activation], mode: str, seniority: str | None) -> Activation | None:
    """The last activation for these rooms: one for mode and level before one for the mode, before one for the level,
    before one for all."""
    last = {(one.mode, one.seniority): one for one in activations}
    level = seniority or ""
    places = ((mode, level), (mode, ""), ("", level), ("", ""))
    return next((last[place] for place in places if place in last), None)


async def pinned(activations: Activations, mode: str, seniority: str | None) -> str:
    """The version that a room which opens now keeps. While the database is away, the newest that ships."""
    try:
        found = in_use(await activations.all(), mode, seniority)
    except Unavailable:
        _log.warning("nobody can say which weights are in use; the newest are taken")
        found = None
    return found.version if found else NEWEST

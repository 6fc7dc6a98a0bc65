"""What a run of the hearing bench was started with."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from scripts.bench.rows import InputMissingError


class Given(NamedTuple):
    """What a run was started with."""

    quick: bool
    model: Path | None
    """A directory with a recogniser's real weights, if there is one."""
    soak_minutes: float
    """0: no soak."""
    audio: Path
    """A folder with `manifest.json` and recordings; it need not exist. Ask `recordings`."""
    say: Callable[[str], None]
    """Tells whoever waits how it goes."""

    def recordings(self) -> Path:
        """The folder of recordings; InputMissingError without it."""
        if not (self.audio / "manifest.json").is_file():
            raise InputMissingError(f"there are no recordings (manifest.json) in {self.audio}: --audio FOLDER")
        return self.audio

    def weights(self) -> Path:
        """The directory of the model; InputMissingError without it."""
        if self.model is None or not self.model.is_dir():
            raise InputMissingError("no model was given (or it is no directory): --model DIRECTORY with real weights")
        return self.model

"""Which judges mark besides the rules: the setting JUDGES, as JSON or as the path of a TOML file.

Decides what a provider needs and where its key comes from: an environment variable that the setting names, so that no
key stands in a file of settings. Never asks anybody anything.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError

from rooms.values import Value
from server.ports import Misconfigured

OPENAI = "https://api.openai.com/v1"
Positive = Annotated[int, Field(gt=0)]


class JudgeSettings(Value):
    """One provider. In TOML a `[[judge]]`, in JSON an object of a list; they are asked in this order."""

    model: Annotated[str, Field(min_length=1)]
    base_url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    """None: OpenAI's own."""
    key_variable: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    """The name of the environment variable that holds the key; None: JUDGE_API_KEY, or a server without keys."""
    first_token_ms: Positive = 8_000
    """How long the first word of a reply may take."""
    total_ms: Positive = 25_000
    """How long one run may take, its second try included."""
    runs: Annotated[int, Field(ge=1, le=7)] = 3
    tokens_per_room: Positive = 200_000
    tokens_per_owner_day: Positive = 2_000_000
    """What all rooms of one owner may use in a day (UTC)."""
    output: Literal["json_schema", "json_object", "text"] = "json_schema"
    """How the server is asked for JSON: the strictest that it knows."""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    usage: bool = True
    """Whether to ask for the number of tokens; a few servers do not know the question."""

    @property
    def label(self) -> str:
        """What a reader is told: which model, and where the words go."""
        return f"{self.model} at {urlsplit(self.base_url or OPENAI).hostname}"

    @property
    def endpoint(self) -> str:
        """A short name for where its words go, port and path included: a host may have several, and a path may hold a
        key. What stands before an @ or behind a ? is not where they go."""
        scheme, netloc, path, *_ = urlsplit(self.base_url or OPENAI)
        place = netloc.rpartition("@")[2].lower().removesuffix({"http": ":80", "https": ":443"}[scheme])
        return hashlib.sha256(f"{scheme}://{place}{path.rstrip('/')}".encode()).hexdigest()[:8]

    @property
    def manner(self) -> str:
        """The same with what else its marks depend on."""
        warmth = "" if self.temperature is None else f", temperature {self.temperature:g}"
        return f"{self.label}, {self.runs} {'run' if self.runs == 1 else 'runs'}, {self.output}{warmth}"


def named(text: str) -> tuple[JudgeSettings, ...]:
    """The providers of the setting. Raises Misconfigured with a sentence that says what to do."""
    found = []
    for number, raw in enumerate(_listed(text), 1):
        try:
            found.append(JudgeSettings.model_validate(raw))
        except ValidationError as wrong:
            first = wrong.errors(include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "it"
            raise Misconfigured(f"JUDGES: judge {number}: {place}: {first['msg']}") from None
    return tuple(found)


def judges_of(
    text: str, environment: Mapping[str, str], key: str | None = None
) -> tuple[tuple[JudgeSettings, str], ...]:
    """The same, each with its key, for who asks them: `key` for those that name no variable.

    Raises Misconfigured where a key is missing too.
    """
    found = []
    for number, settings in enumerate(named(text), 1):
        own = environment.get(settings.key_variable, "") if settings.key_variable else key or "none"
        if not own:
            raise Misconfigured(f"JUDGES: judge {number}: there is no key in {settings.key_variable}.")
        found.append((settings, own))
    return tuple(found)


def _listed(text: str) -> list[Any]:
    text = text.strip()
    if not text:
        return []
    try:
        raw = json.loads(text) if text[0] in "[{" else tomllib.loads(Path(text).read_text(encoding="utf-8"))["judge"]
    except OSError as wrong:
        raise Misconfigured(f"JUDGES: the file {text} cannot be read: {wrong.strerror}.") from None
    except KeyError:
        raise Misconfigured(f"JUDGES: {text} has no [[judge]].") from None
    except ValueError as wrong:
        raise Misconfigured(f"JUDGES: this is neither JSON nor the path of a TOML file: {wrong}") from None
    if not isinstance(raw, list):
        raise Misconfigured("JUDGES: a list of judges, in the order in which they are asked.")
    return raw

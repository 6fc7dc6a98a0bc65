"""Notes what reaches and leaves one visitor, at the socket's edge: the real client, watched.

Decides which entry a message makes; never changes what the client does with it.
"""

from client import Visit
from client.closing import AfterClose
from client.news import News
from rooms.commands import PersonCommand
from rooms.protocol import SERVER_MESSAGE, Accepted, Durable, Happened, Refused, ResetReason, Telling, Welcome
from scripts.hardening import history as h
from scripts.hardening.history import History


def watch(visit: Visit, room: str, who: str, history: History) -> None:
    """Note everything about this visit from now on, beginning with the room as it is.

    Nothing is awaited between the visit's entry and this call, so the first note and what follows have no gap.
    """
    talk = visit._talk
    receive, put, dropped = talk.receive, talk.put, talk.dropped
    history.note(h.Arrived(room=room, who=who, participant=visit.you.id, role=visit.you.role))
    _note_whole(visit, room, who, history)

    def received(text: str | bytes) -> News:
        news = receive(text)
        _note(visit, room, who, history, text, news)
        return news

    def wished(command: PersonCommand, id: str | None = None) -> str:
        id = put(command, id)
        history.note(h.Put(room=room, who=who, id=id, command=command))
        return id

    def lost(code: int) -> AfterClose:
        history.note(h.Lost(room=room, who=who, code=code))
        return dropped(code)

    for name, watched in (("receive", received), ("put", wished), ("dropped", lost)):
        setattr(talk, name, watched)


def note_end(visit: Visit, room: str, who: str, history: History) -> None:
    """Note what the visitor has before their eyes."""
    mirror = visit.mirror
    assert mirror.room is not None
    assert mirror.cursor is not None
    history.note(h.Ended(room=room, who=who, cursor=mirror.cursor, state=mirror.room))


def _note(visit: Visit, room: str, who: str, history: History, text: str | bytes, news: News) -> None:
    message = SERVER_MESSAGE.validate_json(text)
    match message:
        case Welcome(room=None) as welcome:
            history.note(h.Back(room=room, who=who, missed=welcome.resumed or 0))
        case Welcome(reset=reason):
            _note_whole(visit, room, who, history, reason or ResetReason.FIRST)
        case Happened() as fact if fact in news.changes:
            history.note(h.Saw(room=room, who=who, version=fact.version, tag=fact.tag, event=fact.event))
        case Durable(version=version):
            history.note(h.Durable(room=room, who=who, version=version))
        case Telling(what=tell):
            history.note(h.Told(room=room, who=who, tell=tell))
        case Accepted(id=id, version=version):
            history.note(h.Answered(room=room, who=who, id=id, version=version))
        case Refused(id=id, code=code) if id is not None:
            history.note(h.Answered(room=room, who=who, id=id, code=code))
        case _:
            return
    if isinstance(message, Welcome):
        history.note(h.Durable(room=room, who=who, version=message.durable))


def _note_whole(visit: Visit, room: str, who: str, history: History, reason: ResetReason = ResetReason.FIRST) -> None:
    mirror = visit.mirror
    assert mirror.room is not None
    assert mirror.cursor is not None
    whole = h.Whole(room=room, who=who, cursor=mirror.cursor, state=mirror.room, reason=reason)
    history.note(whole)

"""One table of every "no": code -> sentence, may-retry, HTTP status, close code, log level.

Decides how a refusal or a fault looks on every wire, and in docs/ERRORS.md, which is written from here. Refusals
answer people; faults wake us.
"""

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from rooms.protocol import Close, Goodbye, Refused
from rooms.refusals import Code, Refusal, refuse
from rooms.releases import NewerFact
from server.ports import Unavailable
from server.story import UnknownRoom


class Problem(NamedTuple):
    code: str
    sentence: str
    retry: bool
    status: int
    """HTTP status."""
    close: Close | None
    """The close code, where it ends a socket; None: the socket goes on."""
    level: int = logging.INFO


_STATUS_OF_REFUSAL = MappingProxyType({Code.UNKNOWN_ROOM: 404, Code.NOT_YOUR_ROLE: 403, Code.UNKNOWN_QUESTION: 404})

# ruff:disable[E501]
_FAULTS = (
    Problem("signed_out", "Sign in first: open the link that Greenroom printed when it started, or your invitation.", False, 401, None),
    Problem("session_ended", "This browser is signed out. Sign in, or open your invitation, to come back. What was accepted is kept.", False, 401, Close.SIGNED_OUT),
    Problem("invitation_withdrawn", "Your invitation to this room was withdrawn. Ask for a new one. What was accepted is kept.", False, 403, Close.SIGNED_OUT),
    Problem("sign_in_refused", "This sign-in link is not valid. Use the newest link that was printed.", False, 403, None),
    Problem("invitation_invalid", "This invitation is not valid any more. Ask for a new one.", False, 403, None),
    Problem("invitation_used_up", "This invitation was opened too often. Ask for a new one.", False, 403, None),
    Problem("owner_only", "Only the owner of this Greenroom opens rooms. Ask them for an invitation.", False, 403, None),
    Problem("weights_owner_only", "Only the owner of this Greenroom looks after its weights.", False, 403, None),
    Problem("activation_forbidden", "This server is set so that nobody puts other weights into use (WEIGHTS_ACTIVATED_BY).", False, 403, None),
    Problem("unknown_weights", "This server has no such weights, or their file is not what its hash promises.", False, 404, None),
    Problem("unknown_encoder", "This server does not have the sentence encoder that this interview was opened with (ENCODER_MODEL).", False, 409, None),
    Problem("weights_do_not_fit", "These weights were made for other kinds of interview or other levels.", False, 409, None),
    Problem("weights_drift", "With these weights scores move so far that a release would be stopped. Say that you want it despite that.", False, 409, None),
    Problem("fairness_owner_only", "Only the owner of this Greenroom compares groups.", False, 403, None),
    Problem("operations_owner_only", "Only the owner of this Greenroom may know how it is running.", False, 403, None),
    Problem("origin_refused", "This page's address is not allowed to use Greenroom.", False, 403, Close.ORIGIN_REFUSED),
    Problem("not_found", "There is nothing at this address.", False, 404, None),
    Problem("request_invalid", "The request does not have the right shape; see /docs.", False, 422, None),
    Problem("request_too_big", "A request has at most 64 KiB.", False, 413, None),
    Problem("report_not_ready", "The report is being written. Try again in a moment.", True, 404, None),
    Problem("interview_open", "The interview is not over yet; its report comes when it is.", True, 404, None),
    Problem("unknown_turn", "This interview has no such answer.", False, 404, None),
    Problem("rated_already", "You have rated this answer. A rating stands; to change a score, override it.", False, 409, None),
    Problem("rate_first", "Rate this answer before you see or change the machine's marks.", False, 409, None),
    Problem("overridden_often", "The score of this answer was changed too often to be changed once more.", False, 409, None),
    Problem("not_over", "The interview is not over. End it first; then its room can be erased.", True, 409, None),
    Problem("hello_expected", "Say hello with a ticket before anything else.", False, 400, Close.HELLO_EXPECTED),
    Problem("ticket_invalid", "The ticket is spent, expired or for another room. Get a new one.", True, 403, Close.TICKET_INVALID),
    Problem("protocol_unknown", "This client is too old or too new. Load the page again.", False, 400, Close.PROTOCOL_UNKNOWN),
    Problem("message_invalid", "The message does not have the right shape; see docs/PROTOCOL.md.", False, 400, Close.MESSAGE_INVALID),
    Problem("message_too_big", "A message has at most 64 KiB.", False, 413, Close.MESSAGE_TOO_BIG),
    Problem("frame_invalid", "This is no audio frame; see docs/PROTOCOL.md.", False, 400, None),
    Problem("sound_undecodable", "This sound cannot be decoded. Open the microphone again, or type your answer.", False, 400, None),
    Problem("too_much", "More messages than a person can make. Connect again later.", False, 429, Close.TOO_MUCH),
    Problem("entered_often", "You came into this room too often in a short time. Wait half a minute, then come back; nothing is lost.", True, 429, Close.TRY_AGAIN),
    Problem("too_slow", "This connection reads too slowly. Connect again; nothing is lost.", True, 503, Close.TOO_SLOW),
    Problem("lost_track", "The story of this room broke off. Connect again; you get it whole.", True, 503, Close.LOST_TRACK),
    Problem("restored", "This room had to be restored. Connect again; you see it as it is now.", True, 503, Close.TRY_AGAIN),
    Problem("taken_over", "You joined from another device, so this one is done.", False, 409, Close.TAKEN_OVER),
    Problem("room_full", "This room has all the connections it can hold. Try again later.", True, 503, Close.TRY_AGAIN),
    Problem("worker_full", "This server is full. Try again; another one may answer.", True, 503, Close.TRY_AGAIN),
    Problem("going_away", "This server restarts. Connect again; another one answers.", True, 503, Close.GOING_AWAY),
    Problem("release_behind", "This server is of an older release than what happened in this room. Try again; another one answers.", True, 503, Close.TRY_AGAIN, logging.WARNING),
    Problem("redis_away", "Rooms cannot be reached right now. What was accepted is safe. Trying again helps.", True, 503, Close.TRY_AGAIN, logging.ERROR),
    Problem("redis_full", "Rooms cannot take more right now. What was accepted is safe. Try again later.", True, 503, Close.TRY_AGAIN, logging.ERROR),
    Problem("database_away", "Reports cannot be reached right now. Interviews go on. Try again later.", True, 503, Close.TRY_AGAIN, logging.ERROR),
    Problem("database_full", "Reports cannot be written right now. Interviews go on. Free some disk space.", True, 503, Close.TRY_AGAIN, logging.ERROR),
    Problem("archive_behind", "Interviews are kept too slowly right now to open another room. Those that are open go on. Try again later.", True, 503, None, logging.ERROR),
    Problem("hearing_full", "All that can be heard at a time is being heard. Type your answers, or try the microphone again later.", True, 503, None, logging.WARNING),
    Problem("hearing_behind", "Hearing cannot keep up. Pause for a moment, or type your answer.", True, 503, None, logging.WARNING),
    Problem("transcriber_failed", "A stretch of speech could not be written down. Say it again, or type it.", True, 503, None, logging.ERROR),
    Problem("no_transcriber", "This server has no speech recogniser. Type your answers.", False, 503, None),
    Problem("internal", "Something broke on our side. It was written down; try again.", True, 500, Close.TRY_AGAIN, logging.ERROR),
)  # fmt: skip
# ruff:enable[E501]


def _of_refusal(refusal: Refusal) -> Problem:
    status = _STATUS_OF_REFUSAL.get(refusal.code, 409)
    return Problem(refusal.code.value, refusal.sentence, refusal.retry, status, Close.REFUSED)


TABLE: Mapping[str, Problem] = MappingProxyType(
    {problem.code: problem for problem in (*(_of_refusal(refuse(code)) for code in Code), *_FAULTS)}
)


class Failed(Exception):
    """Raised in the shell to answer with a problem from the table."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.problem = TABLE[code]


def problem_of(error: BaseException | Refusal) -> Problem:
    """The row of the table that answers a refusal or an exception."""
    if isinstance(error, Refusal):
        return TABLE[error.code.value]
    if isinstance(error, Failed):
        return error.problem
    if isinstance(error, UnknownRoom):
        return TABLE[Code.UNKNOWN_ROOM.value]
    if isinstance(error, NewerFact):
        return TABLE["release_behind"]
    if isinstance(error, Unavailable):
        return TABLE[f"{error.part}_{'full' if error.full else 'away'}"]
    return TABLE["internal"]


def body(problem: Problem) -> dict[str, object]:
    """The JSON body of an HTTP error."""
    return {"code": problem.code, "sentence": problem.sentence, "retry": problem.retry}


def refused(problem: Problem, command: str | None) -> Refused:
    return Refused(id=command, code=problem.code, sentence=problem.sentence, retry=problem.retry)


def goodbye(problem: Problem) -> Goodbye:
    return Goodbye(code=problem.code, sentence=problem.sentence, retry=problem.retry)

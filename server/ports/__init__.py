"""What the shell needs from outside, as Protocols. Adapters fulfil them; only `server.app` names an adapter.

Decides the contracts, a module for each kind of need; tests/contracts holds every adapter to them.
"""

from server.ports.audio import AudioLog as AudioLog
from server.ports.audio import BadSound as BadSound
from server.ports.audio import Decoder as Decoder
from server.ports.audio import HearingNotes as HearingNotes
from server.ports.audio import Note as Note
from server.ports.database import Activation as Activation
from server.ports.database import Activations as Activations
from server.ports.database import DeadLetter as DeadLetter
from server.ports.database import DeadLetters as DeadLetters
from server.ports.database import ReportRow as ReportRow
from server.ports.database import ReportStore as ReportStore
from server.ports.database import Reviews as Reviews
from server.ports.database import Waiting as Waiting
from server.ports.entry import Grounds as Grounds
from server.ports.entry import Holds as Holds
from server.ports.entry import Revocation as Revocation
from server.ports.entry import Revocations as Revocations
from server.ports.entry import Ticket as Ticket
from server.ports.entry import Tickets as Tickets
from server.ports.hearing import Hypothesis as Hypothesis
from server.ports.hearing import Judged as Judged
from server.ports.hearing import Transcriber as Transcriber
from server.ports.hearing import UtteranceStream as UtteranceStream
from server.ports.hearing import VoiceDetector as VoiceDetector
from server.ports.judging import Judge as Judge
from server.ports.judging import JudgeReply as JudgeReply
from server.ports.judging import Purses as Purses
from server.ports.judging import TurnModel as TurnModel
from server.ports.log import Anew as Anew
from server.ports.log import Appended as Appended
from server.ports.log import Clash as Clash
from server.ports.log import Head as Head
from server.ports.log import Message as Message
from server.ports.log import RoomLog as RoomLog
from server.ports.log import Subscriber as Subscriber
from server.ports.log import Wanted as Wanted
from server.ports.trouble import AudioFull as AudioFull
from server.ports.trouble import Fenced as Fenced
from server.ports.trouble import Hung as Hung
from server.ports.trouble import JudgeFailed as JudgeFailed
from server.ports.trouble import Misconfigured as Misconfigured
from server.ports.trouble import TranscriberFailed as TranscriberFailed
from server.ports.trouble import Unavailable as Unavailable
from server.ports.work import Claim as Claim
from server.ports.work import Clock as Clock
from server.ports.work import Directory as Directory
from server.ports.work import Leases as Leases
from server.ports.work import Ledger as Ledger
from server.ports.work import Presence as Presence
from server.ports.work import Timers as Timers
from server.record import Record as Record

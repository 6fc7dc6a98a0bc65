"""One example of everything that travels on a room's socket. Each is a value of its own type, so it cannot be wrong.

docs/PROTOCOL.md shows them; tests hold that there is one of every kind and that the wire takes it.
"""

from rooms import commands as c
from rooms import events as e
from rooms import protocol as p
from rooms.evidence import (
    Contribution,
    Delivery,
    Dimension,
    DimensionScore,
    Level,
    Mark,
    Pause,
    Score,
)
from rooms.people import Participant, Role
from rooms.quality import ADVICE
from rooms.state import Room
from rooms.transcript import AudioQuality, Flaw, Quote, Source, Utterance, Word

ADA = Participant(id="owner.candidate", name="Ada", role=Role.CANDIDATE)
CURSOR = p.Cursor(epoch="k7Q2vXh9", version=12, tag="fMpXcK2a")
WORDS = (
    Word(text="we", start_ms=8120, end_ms=8260, confidence=0.97),
    Word(text="halved", start_ms=8260, end_ms=8710, confidence=0.91),
    Word(text="it", start_ms=8710, end_ms=8840, confidence=0.95),
)
UTTERANCE = Utterance(
    id="1.m-5d1e.203",
    source=Source.VOICE,
    text="we halved it",
    start_ms=8120,
    end_ms=8840,
    words=WORDS,
    audio=AudioQuality(trust=0.871, flaws=(Flaw.CLIPPED,), measured_ms=1120, clipped=0.123, peak_dbfs=0.0, drift_ms=3),
)
QUOTE = Quote(utterance=UTTERANCE.id, text="halved it", start_ms=8260, end_ms=8840)
QUESTION = e.Question(
    id="b-cost-1",
    text="Tell me about a cost you brought down.",
    competence="results",
    kind=e.QuestionKind.NEW,
)
SCORE = Score(
    overall=2.6,
    low=1.4,
    high=3.8,
    dimensions=(
        DimensionScore(
            dimension=Dimension.RESULT,
            score=3.0,
            low=2.0,
            high=4.0,
            contributions=(Contribution(label="says how it came out", value=3.0),),
            quotes=(QUOTE,),
        ),
    ),
    marks=(
        Mark(
            point="outcome",
            criterion="Says how it came out, in numbers",
            level=Level.PARTIAL,
            quotes=(QUOTE,),
            reason="The outcome is named, without a number.",
        ),
    ),
    scorer="local",
    weights="1.0.0",
)
DELIVERY = Delivery(
    words=3, speaking_ms=720, words_per_minute=None, pauses=(Pause(start_ms=8840, end_ms=9400),), thinking_ms=1900
)
ROOM = Room(
    id="r-9Gouv0-cFpvc",
    mode=e.Mode.BEHAVIOURAL,
    length=3,
    notice="2026-11",
    owner="owner",
    opened_at=1795260410136,
)

COMMANDS: tuple[c.PersonCommand, ...] = (
    c.GiveConsent(notice="2026-11"),
    c.WithdrawConsent(),
    c.OpenLobby(),
    c.StartInterview(),
    c.OpenMicrophone(stream="m-5d1e", sample_rate=c.SAMPLE_RATE_HZ),
    c.BeginAnswer(turn=1),
    c.TypeAnswer(turn=1, question=QUESTION.text, text="We halved it in a month."),
    c.HoldTurn(turn=1),
    c.FinishAnswer(turn=1, stream="m-5d1e", through=412),
    c.SkipQuestion(turn=1),
    c.RepeatQuestion(turn=1),
    c.PauseInterview(),
    c.ResumeInterview(),
    c.EndInterview(),
    c.Whisper(text="Say what you did yourself."),
    c.TakeNote(text="Strong on numbers."),
    c.ChooseNext(question="b-cost-1"),
    c.TakeOver(),
    c.HandBack(),
    c.AskOwn(text="What would you do differently?", points=(e.Expected(text="Names one change", weight=2),)),
    c.WriteNext(text="What did it cost?", points=(e.Expected(text="Names a figure", weight=1),)),
)

EVENTS: tuple[e.Event, ...] = (
    e.RoomOpened(
        room=ROOM.id,
        mode=ROOM.mode,
        length=ROOM.length,
        notice=ROOM.notice,
        owner=ROOM.owner,
        opened_at=ROOM.opened_at,
    ),
    e.ParticipantJoined(participant=ADA, connection="web-b81631aa.9f0c11d2", worker="web-b81631aa", at_ms=310),
    e.ParticipantLeft(participant=ADA.id, connection="web-b81631aa.9f0c11d2", at_ms=2010),
    e.StartingSoon(starts_at=1795264000000),
    e.LobbyOpened(by="owner.coach"),
    e.ConsentGiven(participant=ADA.id, notice="2026-11"),
    e.ConsentWithdrawn(participant=ADA.id, at_ms=31800),
    e.InterviewStarted(),
    e.TranscriberNamed(label="Whisper small.en"),
    e.MicrophoneOpened(stream="m-5d1e", offset_ms=2140),
    e.QuestionAsked(turn=1, question=QUESTION, by="greenroom", at_ms=3100),
    e.QuestionRepeated(turn=1),
    e.AnswerBegan(turn=1, at_ms=6200),
    e.UtteranceHeard(turn=1, utterance=UTTERANCE),
    e.TurnHeld(turn=1),
    e.TurnLimitNear(turn=1, at_ms=546200, ends_ms=606200),
    e.AnswerFinished(turn=1, reason=e.Finish.DONE, stream="m-5d1e", through=412),
    e.TurnClosed(turn=1, reason=e.Finish.DONE, at_ms=11850),
    e.TurnScored(turn=1, score=SCORE, delivery=DELIVERY),
    e.NextQuestionChosen(question="b-cost-1", by="owner.coach"),
    e.InterviewerChanged(to="owner.coach"),
    e.Whispered(by="owner.coach", text="Say what you did yourself.", at_ms=9100),
    e.NoteTaken(by="owner.coach", text="Strong on numbers.", at_ms=9300),
    e.InterviewPaused(by=ADA.id, at_ms=9400),
    e.InterviewResumed(by=ADA.id, at_ms=30400),
    e.EndRequested(by=ADA.id),
    e.RoomClosed(at_ms=64200, reason=e.Closing.FINISHED),
    e.RoomRestored(through=12, at_ms=31800),
)

TELLS: tuple[p.Tell, ...] = (
    p.Partial(turn=1, utterance="1.m-5d1e.203", stable="we halved", unstable="it"),
    p.Speaking(turn=1, on=True),
    p.DeliverySoFar(turn=1, words=41, words_per_minute=132.5, fillers=2, pauses=3, longest_pause_ms=1240),
    p.IsTyping(turn=1),
    p.HearingTrouble(
        code="hearing_behind", sentence="Hearing cannot keep up. Pause for a moment, or type your answer."
    ),
    p.SoundQuality(
        turn=1,
        flaws=(Flaw.CLIPPED,),
        to_candidate=ADVICE[Flaw.CLIPPED].to_candidate,
        to_others=ADVICE[Flaw.CLIPPED].to_others,
    ),
    p.TurnEnding(turn=1, on=True),
)

CLIENT: tuple[p.ClientMessage, ...] = (
    p.Hello(protocol=p.VERSION, ticket="qN3c6Zk0vXb1", resume=CURSOR, client="greenroom-python/1"),
    p.Do(id="c-1f6a2b", command=c.StartInterview()),
    p.Typing(turn=1),
    p.Ping(),
)

SERVER: tuple[p.ServerMessage, ...] = (
    p.Welcome(protocol=p.VERSION, you=ADA, cursor=CURSOR, reset=p.ResetReason.FIRST, room=ROOM),
    p.Happened(version=13, after=11, tag="Vq0aTz7c", at=1795260416336, event=e.AnswerBegan(turn=1, at_ms=6200)),
    p.Telling(what=TELLS[0]),
    p.Accepted(id="c-1f6a2b", version=13),
    p.Durable(version=13),
    p.Refused(
        id="c-1f6a2b",
        code="consent_needed",
        sentence="The candidate has not consented to the notice yet.",
        retry=True,
    ),
    p.AudioSafe(stream="m-5d1e", through=180),
    p.Pong(),
    p.Moving(within_ms=4000),
    p.Goodbye(code="taken_over", sentence="You joined from another device, so this one is done.", retry=False),
)

RESUMED = p.Welcome(
    protocol=p.VERSION, you=ADA, cursor=CURSOR, resumed=2, audio_through=180, return_ticket="back/web-1.9f/..."
)
FRAME = p.Frame(seq=181, capture_ms=7240, pcm=bytes(4))

MEANINGS = {
    "withdraw_consent": "I take it back: erase the audio, hear and score nothing more. In an interview it is the end.",
    "give_consent": "I have read this version of the notice (GET /api/notice), and agree.",
    "start_interview": "Begin; the first question follows.",
    "type_answer": "One typed message of the answer. Typing is an equal of speaking.",
    "skip_question": "No answer to this one; go on.",
    "repeat_question": "Put the question to me again.",
    "pause_interview": "Stop the clock. Nothing ends by silence until it is resumed.",
    "resume_interview": "Go on where we were.",
    "end_interview": "Ask no more. An open answer ends here.",
    "whisper": "A hint to the candidate.",
    "take_note": "A private note; the candidate never sees it.",
    "hand_back": "Leave the interviewer's chair to the AI interviewer.",
    "room_opened": "The first fact of every room.",
    "participant_joined": "Somebody's connection is in the room. A candidate's second connection replaces the first.",
    "participant_left": "A connection is gone. A person without any is away.",
    "consent_given": "From here on there may be audio.",
    "consent_withdrawn": "From here on nothing is heard or scored; the audio that waited is erased.",
    "interview_started": "The first question is being chosen.",
    "microphone_opened": "Frames of this stream may follow; `offset_ms` turns their clock into the room's.",
    "question_asked": "A turn begins. The candidate's page reads the question out.",
    "question_repeated": "The candidate's page reads the question out again.",
    "utterance_heard": "Words, spoken or typed, that belong to the answer. They never change.",
    "answer_finished": "No more is said in this turn; what was said is still being written down.",
    "turn_scored": "What the answer is worth, with the words that each mark rests on.",
    "next_question_chosen": "A coach wants this question next.",
    "interview_paused": "Until it is resumed no audio is to be sent.",
    "interview_resumed": "What was under way goes on.",
    "room_closed": "The interview is over; the report follows at /reports/{room}.",
    "is_typing": "The candidate is writing.",
}
"""What those of them mean whose types do not say it themselves."""

CLOSES = {
    "HELLO_EXPECTED": "No hello in time, or something else came first.",
    "PROTOCOL_UNKNOWN": "The server does not speak the version in the hello.",
    "MESSAGE_INVALID": "Messages that cannot be read, again and again.",
    "MESSAGE_TOO_BIG": "A message was over the limit.",
    "ORIGIN_REFUSED": "The page that opened the socket is not one of ours.",
}
"""Likewise for close codes."""

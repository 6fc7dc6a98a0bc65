import { useState, type SyntheticEvent } from "react";

import {
  getMe,
  getQueue,
  getReports,
  getRooms,
  openRoom,
  problemOf,
  signOut,
  type OpenRoom,
  type ReportCard,
} from "../api";
import { callMe, ownName } from "../name";
import { Confirm } from "../parts/confirm";
import { Frame, Saying } from "../parts/frame";
import { DoorIcon } from "../parts/icons";
import { Link } from "../parts/link";
import { Trouble, TroubleLine } from "../parts/trouble";
import { useAnswer } from "../parts/useAnswer";
import type { Mode, Profile, Seniority } from "../protocol";
import type { Problem } from "../room/connection";
import { go } from "../router";
import { beginning, count, day, MODES, PHASES, points } from "../words";
import "./home.css";

const MODE_NAMES = Object.keys(MODES) as Mode[];
const SHORTEST = 3;
const LONGEST = 10;

export function Home() {
  const { answer: me, problem, again } = useAnswer(getMe);
  if (problem?.code === "signed_out") return <SignedOut />;
  return (
    <Frame title="Greenroom">
      {problem ? (
        <Trouble problem={problem} again={again} />
      ) : (
        <div className="stack stack--wide" aria-busy={!me}>
          <header className="stack home__welcome">
            <h1>A quiet room before the stage</h1>
            <p className="lead">
              Practise an interview out loud. Every answer is marked, and every mark shows the words it rests on.
            </p>
          </header>
          {me && (
            <>
              <NewRoom />
              <OpenRooms />
              <Waiting />
              <Reports />
              <p className="row small">
                {me.owner && <Link to="/operations">What turns take on this server</Link>}
                <SignOut guest={!me.owner} done={again} />
              </p>
            </>
          )}
        </div>
      )}
    </Frame>
  );
}

/** For this browser: whichever of its pages is in a room leaves it. */
function SignOut({ guest, done }: { guest: boolean; done: () => void }) {
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  function leave() {
    setAsking(false);
    signOut().then(done, (error: unknown) => setProblem(problemOf(error)));
  }

  return (
    <>
      <button type="button" className="button button--quiet" onClick={() => (guest ? setAsking(true) : leave())}>
        Sign out on this browser
      </button>
      {asking && (
        <Confirm
          title="Sign out?"
          words="Your invitation lets somebody in again, but as a new guest: a seat that you have taken stays yours, and nobody gets back to it."
          yes="Sign out"
          onYes={leave}
          onNo={() => setAsking(false)}
        />
      )}
      {problem && <span role="alert">{problem.sentence}</span>}
    </>
  );
}

function SignedOut() {
  return (
    <Frame title="Sign in">
      <Saying
        title="Come in with your link"
        sentence="When Greenroom started, it printed a link in its terminal. Open that link once, and this browser is signed in. If someone invited you, open the link they sent."
      />
    </Frame>
  );
}

function NewRoom() {
  const [mode, setMode] = useState<Mode>("behavioural");
  const [length, setLength] = useState(5);
  const [name, setName] = useState(ownName() ?? "");
  const [when, setWhen] = useState("");
  const [profile, setProfile] = useState<Profile | "">("");
  const [seniority, setSeniority] = useState<Seniority | "">("");
  const [opening, setOpening] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  async function open(page: "" | "/coach") {
    setOpening(true);
    callMe(name);
    try {
      const startsAt = when ? new Date(when).getTime() : null;
      const { room } = await openRoom(mode, length, startsAt, profile || null, seniority || null);
      go(`/rooms/${room}${page}`);
    } catch (error) {
      setProblem(problemOf(error));
      setOpening(false);
    }
  }

  function submitted(submit: SyntheticEvent) {
    submit.preventDefault();
    void open("");
  }

  return (
    <form className="card home__new" onSubmit={submitted} aria-labelledby="new-room">
      <h2 id="new-room">Open a room</h2>
      <fieldset className="modes">
        <legend>What do you want to practise?</legend>
        {MODE_NAMES.map((one) => (
          <label key={one} className="mode">
            <input type="radio" name="mode" value={one} checked={mode === one} onChange={() => setMode(one)} />
            <span className="mode__name">{MODES[one].name}</span>
            <span className="mode__sentence">{MODES[one].sentence}</span>
          </label>
        ))}
      </fieldset>
      <div className="home__settings">
        <div className="field">
          <label htmlFor="length">
            How long? <output htmlFor="length">{count(length, "question")}</output>
          </label>
          <input
            id="length"
            type="range"
            min={SHORTEST}
            max={LONGEST}
            value={length}
            onChange={(change) => setLength(change.target.valueAsNumber)}
          />
        </div>
        <div className="field">
          <label htmlFor="profile">How soon does a silence end an answer?</label>
          <select id="profile" value={profile} onChange={(change) => setProfile(change.target.value as Profile | "")}>
            <option value="">As usual here</option>
            <option value="interview">Late: time to think</option>
            <option value="rapid">Soon: quick answers</option>
          </select>
        </div>
        <div className="field">
          <label htmlFor="seniority">For which level?</label>
          <select
            id="seniority"
            value={seniority}
            onChange={(change) => setSeniority(change.target.value as Seniority | "")}
          >
            <option value="">Any</option>
            <option value="junior">Junior</option>
            <option value="mid">Mid-level</option>
            <option value="senior">Senior</option>
          </select>
        </div>
        <div className="field">
          <label htmlFor="name">
            What shall others call you? <span className="soft small">optional</span>
          </label>
          <input
            id="name"
            type="text"
            autoComplete="nickname"
            maxLength={80}
            value={name}
            onChange={(change) => setName(change.target.value)}
          />
        </div>
        <div className="field">
          <label htmlFor="when">
            When does it begin? <span className="soft small">optional</span>
          </label>
          <input id="when" type="datetime-local" value={when} onChange={(change) => setWhen(change.target.value)} />
        </div>
      </div>
      {problem && <TroubleLine sentence={problem.sentence} />}
      <div className="row">
        <button type="submit" className="button button--main button--large" disabled={opening}>
          <DoorIcon /> {opening ? "Opening…" : "Open the room"}
        </button>
        <button type="button" className="button button--quiet" disabled={opening} onClick={() => void open("/coach")}>
          Open it to coach somebody else
        </button>
      </div>
    </form>
  );
}

function OpenRooms() {
  const { answer: rooms, problem } = useAnswer(getRooms);
  if (problem) return <TroubleLine sentence={problem.sentence} />;
  if (!rooms?.length) return null;
  return (
    <section aria-labelledby="open-rooms" className="stack">
      <h2 id="open-rooms">Open rooms</h2>
      <ul className="list">
        {rooms.map((room) => (
          <RoomRow key={room.room} room={room} />
        ))}
      </ul>
    </section>
  );
}

function RoomRow({ room }: { room: OpenRoom }) {
  return (
    <li className="list__row">
      <span className="list__what">
        <Link to={`/rooms/${room.room}`}>
          {MODES[room.mode].name}, {count(room.length, "question")}
        </Link>
        <span className="soft small">
          {beginning(room.stage, room.starts_at) ?? PHASES[room.phase]} · opened {day(room.opened_at)}
        </span>
      </span>
      <Link to={`/rooms/${room.room}/coach`} className="small">
        Coach’s page
      </Link>
    </li>
  );
}

/** Answers that the machine left to a person. */
function Waiting() {
  const { answer: waiting } = useAnswer(getQueue);
  if (!waiting?.length) return null;
  return (
    <p className="callout">
      <span>
        {count(waiting.length, "answer")} without a score {waiting.length === 1 ? "waits" : "wait"} for a person.{" "}
        <Link to="/reviews">Look at them</Link>
      </span>
    </p>
  );
}

function Reports() {
  const { answer, problem, again } = useAnswer(getReports0);
  const [older, setOlder] = useState<ReportCard[]>([]);
  const [more, setMore] = useState(true);
  const reports = [...(answer ?? []), ...older];

  async function loadOlder() {
    const last = reports.at(-1);
    const page = last ? await getReports(last.closed_at).catch(() => null) : [];
    if (page) setOlder((before) => [...before, ...page]);
    if (page && page.length === 0) setMore(false);
  }

  return (
    <section aria-labelledby="reports" className="stack">
      <div className="row">
        <h2 id="reports">Past interviews</h2>
        <Link to="/reviews" className="small">
          Reviews and agreement
        </Link>
      </div>
      {problem && (
        <TroubleLine sentence={problem.sentence}>
          <button type="button" className="button" onClick={again}>
            Try again
          </button>
        </TroubleLine>
      )}
      {answer && reports.length === 0 && <p className="soft">None yet. After an interview its report is kept here.</p>}
      <ul className="list">
        {reports.map((report) => (
          <li key={report.room} className="list__row">
            <span className="list__what">
              <Link to={`/reports/${report.room}`}>{MODES[report.mode].name}</Link>
              <span className="soft small">
                {day(report.opened_at)} · {count(report.questions, "question")}
              </span>
            </span>
            <span className="row">
              <Link to={`/reports/${report.room}/review`} className="small">
                Rate
              </Link>
              {report.withheld ? <Withheld /> : <Overall score={report.overall} />}
            </span>
          </li>
        ))}
      </ul>
      {reports.length >= PAGE && more && (
        <div>
          <button type="button" className="button" onClick={() => void loadOlder()}>
            Show older ones
          </button>
        </div>
      )}
    </section>
  );
}

const PAGE = 50;
const getReports0 = () => getReports();

/** As on the page to rate on: no number before a person has one of their own, unless they look. */
function Withheld() {
  return <span className="soft small">shown once you rated it or opened it</span>;
}

function Overall({ score }: { score: number | null }) {
  if (score === null) return <span className="soft small">not scored</span>;
  return (
    <span className="overall numbers">
      <span className="unseen">Overall </span>
      {points(score)}
      <span className="soft small"> of 5</span>
    </span>
  );
}

import { useEffect, useRef, useState, type ReactNode } from "react";

import { theme, wear, type Theme } from "../theme";
import { DeviceIcon, Mark, MoonIcon, SunIcon } from "./icons";
import { Link } from "./link";

const NEXT: Record<Theme, Theme> = { device: "light", light: "dark", dark: "device" };
const WORDS: Record<Theme, string> = { device: "as your device", light: "light", dark: "dark" };

function ThemeButton() {
  const [worn, setWorn] = useState(theme);
  const Icon = { device: DeviceIcon, light: SunIcon, dark: MoonIcon }[worn];
  return (
    <button
      type="button"
      className="button button--quiet"
      aria-label={`Colours: ${WORDS[worn]}. Change to ${WORDS[NEXT[worn]]}`}
      title={`Colours: ${WORDS[worn]}`}
      onClick={() => {
        wear(NEXT[worn]);
        setWorn(NEXT[worn]);
      }}
    >
      <Icon />
    </button>
  );
}

/** The frame of every page: wordmark, what stands beside it, the page's one main part. */
export function Frame(props: {
  title: string;
  beside?: ReactNode;
  wide?: boolean;
  snug?: boolean;
  children: ReactNode;
}) {
  const { title, beside, wide, snug, children } = props;
  useEffect(() => {
    document.title = title === "Greenroom" ? title : `${title} · Greenroom`;
  }, [title]);
  return (
    <>
      <a className="skip-link" href="#main">
        Skip to the page
      </a>
      <header className="top">
        <Link to="/" className="wordmark">
          <Mark /> Greenroom
        </Link>
        {beside}
        <ThemeButton />
      </header>
      <main id="main" tabIndex={-1} className={`page${wide ? " page--wide" : ""}${snug ? " page--snug" : ""}`}>
        {children}
      </main>
    </>
  );
}

/** A page that only says one thing, and what to do. */
export function Saying({ title, sentence, children }: { title: string; sentence: string; children?: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <div className="saying">
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      <p className="lead">{sentence}</p>
      {children && <div className="row">{children}</div>}
    </div>
  );
}

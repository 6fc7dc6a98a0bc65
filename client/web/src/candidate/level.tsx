import { useEffect, useRef, type RefObject } from "react";

import "./level.css";

/** Speech lies around 0.02 to 0.2 RMS: the root spreads that over the bar. */
const SHOWN = (level: number) => Math.min(1, Math.sqrt(level) * 1.9);

/** Writes the microphone's level into `--level` of an element, frame by frame, without rendering. */
export function useLevel<Shown extends HTMLElement>(level: RefObject<number>): RefObject<Shown | null> {
  const element = useRef<Shown>(null);
  useEffect(() => {
    let shown = 0;
    let request = 0;
    const paint = () => {
      shown += (SHOWN(level.current) - shown) * 0.35;
      element.current?.style.setProperty("--level", shown.toFixed(3));
      request = requestAnimationFrame(paint);
    };
    paint();
    return () => cancelAnimationFrame(request);
  }, [level]);
  return element;
}

/** The microphone's level as a bar. For the eye only; the words beside it say the same. */
export function Level({ level }: { level: RefObject<number> }) {
  const bar = useLevel<HTMLDivElement>(level);
  return (
    <div className="level" ref={bar} aria-hidden="true">
      <div className="level__fill" />
    </div>
  );
}

/** Single keys for the candidate's most common wishes. They can be switched off, and never act while one types. */
import { useEffect, useRef, useState } from "react";

export interface Shortcut {
  key: string;
  does: string;
  act: () => void;
}

const SHELF = "greenroom.keys";

export function useShortcuts(shortcuts: Shortcut[]): [boolean, (on: boolean) => void] {
  const [on, setOn] = useState(() => localStorage.getItem(SHELF) !== "no");
  const latest = useRef(shortcuts);
  useEffect(() => {
    latest.current = shortcuts;
  });
  useEffect(() => {
    if (!on) return;
    const pressed = (press: KeyboardEvent) => {
      if (press.metaKey || press.ctrlKey || press.altKey || press.repeat || isTyping(press.target)) return;
      const shortcut = latest.current.find(({ key }) => key === press.key.toLowerCase());
      if (!shortcut) return;
      press.preventDefault();
      shortcut.act();
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, [on]);
  const choose = (chosen: boolean) => {
    localStorage.setItem(SHELF, chosen ? "yes" : "no");
    setOn(chosen);
  };
  return [on, choose];
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select, dialog, [contenteditable]") !== null;
}

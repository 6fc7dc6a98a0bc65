/** The few pictures of the pages, drawn with the text's colour. All are decoration: words stand beside them. */
import type { ReactNode } from "react";

function Drawn({ children }: { children: ReactNode }) {
  return (
    <svg
      viewBox="0 0 24 24"
      width="20"
      height="20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.7"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {children}
    </svg>
  );
}

export const Mark = () => (
  <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="9" fill="var(--green)" />
    <path
      d="M9 26V14.5a7 7 0 0 1 14 0V26"
      fill="none"
      stroke="var(--on-green)"
      strokeWidth="2.6"
      strokeLinecap="round"
    />
    <circle cx="16" cy="19" r="2.6" fill="var(--lamp)" />
  </svg>
);
export const MicIcon = () => (
  <Drawn>
    <rect x="9" y="3" width="6" height="11" rx="3" />
    <path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3" />
  </Drawn>
);
export const MicOffIcon = () => (
  <Drawn>
    <path d="M9 9v2a3 3 0 0 0 4.6 2.5M15 11V6a3 3 0 0 0-5.7-1.3M5.5 11.5a6.5 6.5 0 0 0 10.4 5.2M18.5 11.5a6.4 6.4 0 0 1-.4 2.2M12 18v3M4 3l16 18" />
  </Drawn>
);
export const PenIcon = () => (
  <Drawn>
    <path d="M4 20l4.2-1 10.6-10.6a2 2 0 0 0-2.9-2.9L5.2 16.1 4 20zM14 7.5l2.8 2.8" />
  </Drawn>
);
export const PauseIcon = () => (
  <Drawn>
    <path d="M9 5v14M15 5v14" />
  </Drawn>
);
export const PlayIcon = () => (
  <Drawn>
    <path d="M7 5l12 7-12 7z" />
  </Drawn>
);
export const RepeatIcon = () => (
  <Drawn>
    <path d="M4 12a8 8 0 0 1 13.7-5.6L20 8.5M20 4v4.5h-4.5M20 12a8 8 0 0 1-13.7 5.6L4 15.5M4 20v-4.5h4.5" />
  </Drawn>
);
export const SkipIcon = () => (
  <Drawn>
    <path d="M5 6l8 6-8 6zM18 6v12" />
  </Drawn>
);
export const CupIcon = () => (
  <Drawn>
    <path d="M5 9h11v5a5 5 0 0 1-5 5h-1a5 5 0 0 1-5-5zM16 10.5h1.5a2.25 2.25 0 0 1 0 4.5H16M8.5 3.5c0 1-1 1.2-1 2.3M12.5 3.5c0 1-1 1.2-1 2.3" />
  </Drawn>
);
export const TickIcon = () => (
  <Drawn>
    <path d="M5 12.5l4.5 4.5L19 7.5" />
  </Drawn>
);
export const SunIcon = () => (
  <Drawn>
    <circle cx="12" cy="12" r="4" />
    <path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6l1.4 1.4M17 17l1.4 1.4M5.6 18.4L7 17M17 7l1.4-1.4" />
  </Drawn>
);
export const MoonIcon = () => (
  <Drawn>
    <path d="M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z" />
  </Drawn>
);
export const DeviceIcon = () => (
  <Drawn>
    <circle cx="12" cy="12" r="8" />
    <path d="M12 4v16a8 8 0 0 0 0-16z" fill="currentColor" stroke="none" />
  </Drawn>
);
export const CautionIcon = () => (
  <Drawn>
    <path d="M12 4l9 16H3zM12 10v4.5M12 17.2v.1" />
  </Drawn>
);
export const WhisperIcon = () => (
  <Drawn>
    <path d="M4 5h16v11H10l-5 4v-4H4zM8 9h8M8 12.5h5" />
  </Drawn>
);
export const CopyIcon = () => (
  <Drawn>
    <rect x="8.5" y="8.5" width="11" height="11" rx="2" />
    <path d="M15.5 8.5v-2a2 2 0 0 0-2-2h-7a2 2 0 0 0-2 2v7a2 2 0 0 0 2 2h2" />
  </Drawn>
);
export const DoorIcon = () => (
  <Drawn>
    <path d="M6 21V4.5L15 3v18M15 5h3v16M4 21h16M11.5 12v.1" />
  </Drawn>
);

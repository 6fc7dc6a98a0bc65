import type { ReactNode } from "react";

import { go } from "../router";

/** A link within the pages. With a modifier key it stays what the browser makes of it. */
export function Link({ to, className, children }: { to: string; className?: string; children: ReactNode }) {
  return (
    <a
      href={to}
      className={className}
      onClick={(click) => {
        if (click.metaKey || click.ctrlKey || click.shiftKey || click.altKey || click.button !== 0) return;
        click.preventDefault();
        go(to);
      }}
    >
      {children}
    </a>
  );
}

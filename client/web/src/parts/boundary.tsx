import { Component, type ReactNode } from "react";

import { Saying } from "./frame";

/** When the page itself breaks, it says so. What was accepted is in the room's log, and what was typed in this tab. */
export class Boundary extends Component<{ children: ReactNode }, { broke: boolean }> {
  override state = { broke: false };

  static getDerivedStateFromError(): { broke: boolean } {
    return { broke: true };
  }

  override render(): ReactNode {
    if (!this.state.broke) return this.props.children;
    return (
      <main className="page">
        <Saying
          title="Something broke on this page"
          sentence="Load it again: the room goes on where it was, and nothing that you said or typed is lost."
        >
          <button type="button" className="button button--main" onClick={() => location.reload()}>
            Load it again
          </button>
        </Saying>
      </main>
    );
  }
}

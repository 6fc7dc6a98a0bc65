import { useCallback, useEffect, useState } from "react";

import { problemOf } from "../api";
import type { Problem } from "../room/connection";

export interface Asked<Answer> {
  answer: Answer | null;
  problem: Problem | null;
  again: () => void;
}

/** Asks once when shown, and again on demand or, while `retryMs` is given, as long as retrying may help. */
export function useAnswer<Answer>(ask: () => Promise<Answer>, retryMs?: number): Asked<Answer> {
  const [state, setState] = useState<{ answer: Answer | null; problem: Problem | null }>({
    answer: null,
    problem: null,
  });
  const [tries, setTries] = useState(0);
  const again = useCallback(() => setTries((n) => n + 1), []);
  useEffect(() => {
    let wanted = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    ask().then(
      (answer) => wanted && setState({ answer, problem: null }),
      (error: unknown) => {
        if (!wanted) return;
        const problem = problemOf(error);
        setState((before) => ({ ...before, problem }));
        if (problem.retry && retryMs) timer = setTimeout(again, retryMs);
      },
    );
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [ask, tries, retryMs, again]);
  return { ...state, again };
}

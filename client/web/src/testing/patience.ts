/** So long a test waits for what must come; less than a test may take, so that it says what did not. */
export const EVENTUALLY_MS = 15_000;

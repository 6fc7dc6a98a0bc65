/// <reference types="vitest/config" />
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** So long a test waits for what must come; less than a test may take, so that it says what did not. */
const EVENTUALLY_MS = 15_000;

const server = process.env["GREENROOM_URL"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    // The worklet and icons stay files of their own: the page's content policy allows no data: scripts.
    assetsInlineLimit: 0,
    rolldownOptions: { input: ["index.html", "docs.html"] },
    chunkSizeWarningLimit: 1_600, // Swagger UI, on a page of its own
  },
  server: {
    proxy: {
      "/api": server,
      "/sign-in": server,
      "/invited": server,
      "^/rooms/[^/]+/socket$": { target: server, ws: true },
    },
  },
  test: {
    environment: "jsdom",
    setupFiles: ["src/testing/setup.ts"],
    restoreMocks: true,
    maxWorkers: "100%", // by itself it leaves a processor idle: of two, half of them
    provide: { eventuallyMs: EVENTUALLY_MS },
    expect: { poll: { timeout: EVENTUALLY_MS } },
    testTimeout: 20_000, // how long a test takes says how busy the machine is, not whether it holds
  },
});

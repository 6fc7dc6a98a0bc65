import { render, screen, within } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";

import { App } from "../app";
import { FakeServer, problem } from "../testing/server";
import { place } from "./operations";

let server: FakeServer;

beforeEach(() => {
  history.replaceState(null, "", "/operations");
  server = new FakeServer();
});

const NAMES = { decision: "from the last word until the answer counted as over", score: "from the final transcript" };

describe("what turns take", () => {
  it("shows each delay with its spread, and the latest turns", async () => {
    const turn = { at: 1_795_000_000_000, reason: "silence", impossible: [] };
    server.answer("GET /api/operations/turns", {
      names: NAMES,
      spreads: { decision: { turns: 2, p50_ms: 1_240, p95_ms: 2_600 } },
      turns: [
        { ...turn, room: "r-2", turn: 1, delays: { decision: 2_600 }, impossible: ["score"] },
        { ...turn, room: "r-1", turn: 3, delays: { decision: 1_100 } },
      ],
    });
    render(<App />);
    const row = await screen.findByRole("row", { name: /^Decision/ });
    expect(within(row).getByText("1.2 s")).toBeDefined();
    expect(row.querySelectorAll("svg line:not(.ledger__mark)")).toHaveLength(2);
    const latest = screen.getByRole("row", { name: /^r-2, 1/ });
    expect(within(latest).getByText("2.6 s")).toBeDefined();
    expect(within(latest).getByText("impossible")).toBeDefined();
    expect(screen.getByText(/1 delay came out impossible/)).toBeDefined();
  });

  it("says where processes mark with different things, and what to do", async () => {
    const found = { none: ["web-1"], "5a1e": ["worker-1", "worker-2"] };
    server.answer("GET /api/operations", {
      differences: [{ what: "encoder", sentence: "Set ENCODER_MODEL alike.", found }],
    });
    render(<App />);
    const note = await screen.findByRole("note");
    expect(note.textContent).toBe("Set ENCODER_MODEL alike. none: web-1 · 5a1e: worker-1, worker-2");
  });

  it("is for the owner only", async () => {
    server.answer("GET /api/operations/turns", problem("operations_owner_only"), 403);
    render(<App />);
    expect(await screen.findByText("Sentence of operations_owner_only.")).toBeDefined();
  });

  it("says so while there is nothing to show", async () => {
    server.answer("GET /api/operations/turns", { names: NAMES, spreads: {}, turns: [] });
    render(<App />);
    expect(await screen.findByText(/No turn is over yet/)).toBeDefined();
  });

  it("places delays by powers of ten, and keeps them on the scale", () => {
    expect([place(1), place(10), place(60_000), place(900_000)]).toEqual([0, 0, 100, 100]);
    expect(place(1_000) - place(100)).toBeCloseTo(place(10_000) - place(1_000));
  });
});

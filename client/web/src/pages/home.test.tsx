import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { App } from "../app";
import { FakeServer, problem } from "../testing/server";

let server: FakeServer;

beforeEach(() => {
  history.replaceState(null, "", "/");
  server = new FakeServer();
  server.answer("GET /api/rooms", { rooms: [] });
  server.answer("GET /api/reports", { reports: [] });
  server.answer("POST /api/rooms", { room: "r-1", url: "/rooms/r-1" }, 201);
});

describe("the start page", () => {
  it("opens a room of the chosen mode and length, and goes in", async () => {
    render(<App />);
    await userEvent.click(await screen.findByRole("radio", { name: /System design/ }));
    await userEvent.type(screen.getByLabelText(/What shall others call you/), "Ana");
    await userEvent.click(screen.getByRole("button", { name: "Open the room" }));
    expect(await screen.findByText("An AI interviews you here.")).toBeDefined();
    expect(location.pathname).toBe("/rooms/r-1");
    expect(localStorage.getItem("greenroom.name")).toBe("Ana");
  });

  it("leaves it to the server how soon a silence ends an answer, and for which level it is, unless somebody chose", async () => {
    render(<App />);
    const patience = await screen.findByLabelText(/How soon does a silence end an answer/);
    const open = () => userEvent.click(screen.getByRole("button", { name: "Open the room" }));
    server.answer("POST /api/rooms", problem("redis_away", true), 503);
    await open();
    await screen.findByRole("alert");
    expect(server.sent.get("POST /api/rooms")).toMatchObject({ profile: null, seniority: null });
    await userEvent.selectOptions(patience, "rapid");
    await userEvent.selectOptions(screen.getByLabelText("For which level?"), "senior");
    await open();
    await waitFor(() =>
      expect(server.sent.get("POST /api/rooms")).toMatchObject({ profile: "rapid", seniority: "senior" }),
    );
  });

  it("opens a room for somebody else without taking the candidate's seat", async () => {
    render(<App />);
    await userEvent.click(await screen.findByRole("button", { name: "Open it to coach somebody else" }));
    expect(await screen.findByText("Next question")).toBeDefined();
    expect(location.pathname).toBe("/rooms/r-1/coach");
  });

  it("lists open rooms and past interviews with their scores", async () => {
    const mode = "technical";
    server.answer("GET /api/rooms", {
      rooms: [
        { room: "r-2", mode, length: 5, phase: "lobby", stage: "lobby", opened_at: 0, starts_at: null },
        {
          room: "r-5",
          mode,
          length: 3,
          phase: "lobby",
          stage: "scheduled",
          opened_at: 0,
          starts_at: 1_795_000_000_000,
        },
      ],
    });
    const kept = [
      { room: "r-3", mode, opened_at: 0, closed_at: 9, overall: 3.5, withheld: false, questions: 5 },
      { room: "r-4", mode, opened_at: 0, closed_at: 5, overall: null, withheld: false, questions: 1 },
      { room: "r-6", mode, opened_at: 0, closed_at: 4, overall: null, withheld: true, questions: 3 },
    ];
    server.answer("GET /api/reports", { reports: kept });
    render(<App />);
    expect((await screen.findByRole("link", { name: "Technical, 5 questions" })).getAttribute("href")).toBe(
      "/rooms/r-2",
    );
    expect(screen.getByText(/^Begins .*2026/)).toBeDefined();
    expect(await screen.findByText("3.5")).toBeDefined();
    expect(screen.getAllByText("not scored")).toHaveLength(1);
    expect(screen.getByText("shown once you rated it or opened it")).toBeDefined();
  });

  it("tells somebody who is signed out where the link is", async () => {
    server.answer("GET /api/me", problem("signed_out"), 401);
    render(<App />);
    expect(await screen.findByText(/printed a link in its terminal/)).toBeDefined();
  });

  it("signs out on this browser, and says how to come in again", async () => {
    render(<App />);
    const button = await screen.findByRole("button", { name: "Sign out on this browser" });
    server.answer("POST /api/sign-out", problem("database_away", true), 503);
    await userEvent.click(button);
    expect((await screen.findByRole("alert")).textContent).toBe("Sentence of database_away.");
    server.answer("POST /api/sign-out", null, 200);
    server.answer("GET /api/me", problem("signed_out"), 401);
    await userEvent.click(button);
    expect(await screen.findByText(/printed a link in its terminal/)).toBeDefined();
  });

  it("says when a room cannot be opened, and why", async () => {
    server.answer("POST /api/rooms", problem("redis_away", true), 503);
    render(<App />);
    await userEvent.click(await screen.findByRole("button", { name: "Open the room" }));
    expect((await screen.findByRole("alert")).textContent).toBe("Sentence of redis_away.");
  });

  it("still opens rooms when reports cannot be reached", async () => {
    server.answer("GET /api/reports", problem("database_away", true), 503);
    render(<App />);
    expect((await screen.findByRole("alert")).textContent).toContain("Sentence of database_away.");
    expect(screen.getByRole("button", { name: "Open the room" })).toBeDefined();
  });
});

it("wears light or dark, and remembers", async () => {
  render(<App />);
  await userEvent.click(await screen.findByRole("button", { name: /Colours: as your device/ }));
  await userEvent.click(screen.getByRole("button", { name: /Colours: light/ }));
  expect(document.documentElement.dataset["theme"]).toBe("dark");
  expect(localStorage.getItem("greenroom.theme")).toBe("dark");
  await userEvent.click(screen.getByRole("button", { name: /Colours: dark/ }));
  expect(document.documentElement.dataset["theme"]).toBeUndefined();
});

it("has a page for an address where nothing is", () => {
  history.replaceState(null, "", "/nowhere/at/all");
  render(<App />);
  expect(screen.getByRole("heading", { name: "There is nothing here" })).toBeDefined();
});

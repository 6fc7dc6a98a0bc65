import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { beforeEach, describe, expect, it } from "vitest";

import { App } from "../app";
import type { GroupFigures } from "../report";
import { groupsIn, groupsOut } from "../review/groups";
import { FakeServer } from "../testing/server";

const ALIKE: GroupFigures = {
  group: "a",
  people: 40,
  withheld: false,
  small: false,
  reference: true,
  scored: 40,
  mean: 3.2,
  deviation: 0.8,
  distance: null,
  passed: 24,
  rate: 0.6,
  impact_ratio: 1,
  adverse: false,
  one_more_changes_it: false,
  correlation: 0.7,
  correlation_gap: null,
  word_error: 0.1,
  word_error_gap: null,
  abstention: 0.05,
  abstention_gap: null,
};
const BELOW: GroupFigures = {
  ...ALIKE,
  group: '=b,"x"',
  people: 12,
  small: true,
  reference: false,
  distance: -0.41,
  rate: 0.3,
  impact_ratio: 0.5,
  adverse: true,
};

describe("a CSV of groups", () => {
  it("is read with quotes, commas, marks of programs, and columns in any order", () => {
    expect(groupsIn('\uFEFFgroup,room,word_error\r\n"a, ""b""",r-1,0.2\r\nc,r-2,\r\n')).toEqual([
      { room: "r-1", group: 'a, "b"', candidate: "", word_error: 0.2 },
      { room: "r-2", group: "c", candidate: "", word_error: null },
    ]);
  });

  it("may begin a row with nothing", () => {
    expect(groupsIn("candidate,room,group\n,r-1,a\n")).toEqual([
      { room: "r-1", group: "a", candidate: "", word_error: null },
    ]);
  });

  it.each([
    ["", "no column room"],
    ["room\nr-1", "no column group"],
    ["room,group\n", "no rows"],
    ["room,group\nr-1,a\nr-2,", "Row 2"],
    ["room,group,word_error\nr-1,a,much", "no number"],
  ])("is refused with what is wrong: %j", (text, told) => {
    expect(groupsIn(text)).toContain(told);
  });

  it("comes back with every figure, and no group is a formula", () => {
    const [head, , below] = groupsOut([ALIKE, BELOW]).split("\r\n");
    expect(head).toBe(Object.keys(ALIKE).join(","));
    expect(below).toMatch(/^"'=b,""x""",12,false,true,false,40,3.2,0.8,-0.41,/);
  });
});

describe("the page", () => {
  let server: FakeServer;
  beforeEach(() => {
    server = new FakeServer();
    history.replaceState(null, "", "/fairness");
    server.answer("POST /api/fairness", {
      fairness: { cut: 3, reference: "a", groups: [ALIKE, BELOW], notes: ["Below four fifths."] },
      unknown: ["r-9"],
    });
    render(<App />);
  });

  async function compares(text: string) {
    await userEvent.upload(screen.getByLabelText(/Groups/), new File([text], "groups.csv", { type: "text/csv" }));
    const compare = screen.getByRole("button", { name: "Compare" });
    await waitFor(() => {
      expect(compare).toHaveProperty("disabled", false);
    });
    await userEvent.click(compare);
  }

  it("compares groups from a file, marks small ones, and gives all figures as CSV", async () => {
    await compares("room,group\nr-1,a\n");
    const row = await screen.findByRole("row", { name: /=b/ });
    expect(row.textContent).toBe('=b,"x" (small, below four fifths)123.20-0.410.300.50–0.100.05');
    expect(screen.getByText(/r-9/)).toBeDefined();
    expect(screen.getByRole("status").textContent).toBe(
      '2 groups compared. Below four fifths: =b,"x". 1 room not counted.',
    );
    const link = screen.getByRole("link", { name: "All figures as CSV" });
    expect(decodeURIComponent(link.getAttribute("href") ?? "")).toContain("impact_ratio");
    const { violations } = await axe.run(document.body, { rules: { "color-contrast": { enabled: false } } });
    expect(violations.map(({ id }) => id)).toEqual([]);
  });

  it("says what is wrong with a file", async () => {
    await compares("name,team\n");
    await waitFor(() => {
      expect(screen.getByRole("alert").textContent).toContain("no column room");
    });
  });
});

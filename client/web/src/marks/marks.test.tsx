import { render, screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import type { Dimension, DimensionScore } from "../protocol";
import { Marks } from "./marks";
import { Sum } from "./sum";

const SIDES = [side("relevance", 3.5), side("depth", 1)];

function side(dimension: Dimension, score: number): DimensionScore {
  return { dimension, score, low: 0, high: 5, contributions: [], quotes: [], abstained: null, judged: null };
}

describe("what a strong answer has", () => {
  const absent = { level: "absent" as const, quotes: [], reason: "Nothing shows this." };
  const MARKS = [
    { ...absent, point: "who", criterion: "Says who" },
    { ...absent, point: "why", criterion: "Says why" },
  ];
  const told = () => screen.getAllByRole("listitem").map((one) => one.querySelector("p")?.textContent);

  it("says what each point counts, where that is known of all", () => {
    const { rerender } = render(<Marks marks={MARKS} point={() => undefined} weights={{ who: 3, why: 1 }} />);
    expect(told()).toEqual(["Says who counts 3 of 4", "Says why counts 1 of 4"]);
    rerender(<Marks marks={MARKS} point={() => undefined} weights={{ who: 3 }} />);
    expect(told()).toEqual(["Says who", "Says why"]);
  });
});

describe("the score of an answer", () => {
  it("is added up from its sides and their shares", () => {
    render(<Sum score={{ overall: 1.8, dimensions: SIDES }} shares={{ relevance: 0.3, depth: 0.7 }} />);
    const table = within(screen.getByRole("table", { name: /what it adds to the score/ }));
    expect(table.getAllByRole("row").map((row) => row.textContent)).toEqual([
      "Relevance3.5 × 30%1.050",
      "Depth1.0 × 70%0.700",
      "Score1.750, shown as1.8",
    ]);
  });

  it("is said to be one side alone where the others count nothing", () => {
    render(<Sum score={{ overall: 3.5, dimensions: SIDES }} shares={{ relevance: 1, depth: 0 }} />);
    screen.getByText(/^Held against its model answer: relevance is the whole score/);
    expect(screen.queryByRole("table")).toBeNull();
  });

  it("is not explained where there is none, or nobody knows the shares", () => {
    const { container } = render(
      <>
        <Sum score={{ overall: null, dimensions: SIDES }} shares={{ relevance: 1 }} />
        <Sum score={{ overall: 3.5, dimensions: SIDES }} shares={null} />
      </>,
    );
    expect(container.textContent).toBe("");
  });
});

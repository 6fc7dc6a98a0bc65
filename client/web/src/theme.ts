/** Light, dark, or as the device has it; remembered in this browser. */
export type Theme = "device" | "light" | "dark";
const SHELF = "greenroom.theme";

export function theme(): Theme {
  const kept = localStorage.getItem(SHELF);
  return kept === "light" || kept === "dark" ? kept : "device";
}

export function wear(chosen: Theme): void {
  if (chosen === "device") {
    localStorage.removeItem(SHELF);
    delete document.documentElement.dataset["theme"];
  } else {
    localStorage.setItem(SHELF, chosen);
    document.documentElement.dataset["theme"] = chosen;
  }
}

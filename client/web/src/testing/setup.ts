import { cleanup, configure, getConfig } from "@testing-library/react";
import { afterEach, vi } from "vitest";

import { EVENTUALLY_MS } from "./patience";

const usual = getConfig();
configure({
  asyncUtilTimeout: EVENTUALLY_MS,
  // A page listens just after it is shown: React runs effects in a task behind the one that shows it.
  asyncWrapper: <T>(wait: () => Promise<T>) =>
    usual.asyncWrapper(async () => {
      const found = await wait();
      for (let tasks = 0; tasks < 2; tasks++) await new Promise((done) => setImmediate(done));
      return found;
    }),
});

// What jsdom leaves out.
Element.prototype.scrollIntoView = () => undefined;
HTMLDialogElement.prototype.showModal = function () {
  this.open = true;
};
HTMLDialogElement.prototype.close = function () {
  this.open = false;
};
window.scrollTo = () => undefined;

afterEach(() => {
  cleanup();
  sessionStorage.clear();
  localStorage.clear();
  vi.unstubAllGlobals();
});

import { cleanup, configure, getConfig } from "@testing-library/react";
import { afterEach, inject, vi } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    eventuallyMs: number;
  }
}

const usual = getConfig();
configure({
  asyncUtilTimeout: inject("eventuallyMs"),
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

// Runs the pages' own scripts, as they are served, in a window of their own.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import vm from "node:vm";

const require = createRequire(import.meta.url);
const assets = new URL("../../dashboard/assets/", import.meta.url);

/** A window after these scripts; `more` is what else the page would have. */
export function page(scripts, more = {}) {
  const window = {
    lightbox: {},
    dash_clientside: { lightbox: {}, no_update: "no update", callback_context: { triggered: [], inputs_list: [] } },
    document: { hidden: false, addEventListener() {}, dispatchEvent: () => true, getElementById: () => null, cookie: "" },
    fflate: require("fflate"),
    addEventListener() {},
    location: { search: "" },
    setTimeout,
    clearTimeout,
    setInterval() {},
    performance: { now: () => performance.now() },
    Blob,
    CustomEvent,
    File,
    TextEncoder,
    Uint8Array,
    URLSearchParams,
    fetch: async () => ({ ok: true, status: 200, json: async () => ({}) }),
    ...more,
  };
  window.window = window;
  vm.createContext(window);
  for (const script of scripts) {
    vm.runInContext(readFileSync(new URL(script, assets), "utf8"), window, { filename: script });
  }
  return window;
}

/** A value without the other window's prototypes, so that it can be compared. */
export const plain = (value) => JSON.parse(JSON.stringify(value));

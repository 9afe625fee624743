import assert from "node:assert/strict";
import test from "node:test";

import { page } from "./load.mjs";

/** A page whose timers run when the test says so, and whose server answers what the test says. */
function polled(scripts, answers, present) {
  const timers = [];
  const asked = [];
  const set = [];
  const parts = { ...present };
  const window = page(["base.js"], {
    setTimeout: (act, ms) => timers.push({ act, ms }),
    document: {
      hidden: false, cookie: "a=b=c; lightbox_csrf=t%2Fk", addEventListener() {}, getElementById: (id) => parts[id] || null,
      dispatchEvent: () => true,
    },
    fetch: async (path) => {
      asked.push(path);
      return answers(path);
    },
  });
  window.dash_clientside.set_props = (id, values) => set.push([id, values]);
  const next = async () => {
    await timers.shift()?.act();
    await settled();
  };
  return { window, asked, set, timers, parts, next };
}

const settled = () => new Promise((done) => setImmediate(done));
const answer = (value) => ({ ok: true, status: 200, json: async () => value });

async function load(tab, script) {
  const { readFileSync } = await import("node:fs");
  const vm = await import("node:vm");
  vm.runInContext(readFileSync(new URL(`../../dashboard/assets/${script}`, import.meta.url), "utf8"), tab.window);
  await settled();
}

test("the bell is drawn anew only when an alert has changed", async () => {
  let token = "1";
  const tab = polled([], () => answer({ token }), { bell: {} });
  await load(tab, "bell.js");
  assert.deepEqual(tab.asked, []); // the first drawing is as fresh as the page
  await tab.next();
  await tab.next();
  assert.deepEqual(tab.set.map(([id, { data }]) => [id, data]), [["bell-seen", "1"]]);
  token = "2";
  await tab.next();
  assert.equal(tab.set.length, 2);
  assert.equal(tab.timers[0].ms, 45000);
});

test("nobody is asked for a bell that is not there, nor in a tab that is hidden", async () => {
  const tab = polled([], () => answer({ token: "1" }), {});
  await load(tab, "bell.js");
  await tab.next();
  tab.parts.bell = {};
  tab.window.document.hidden = true;
  await tab.next();
  assert.deepEqual(tab.asked, []);
});

test("a server that is away is asked again", async () => {
  let away = true;
  const tab = polled([], () => (away ? { ok: false, status: 503 } : answer({ token: "1" })), { bell: {} });
  await load(tab, "bell.js");
  await tab.next();
  away = false;
  await tab.next();
  assert.equal(tab.asked.length, 2);
  assert.equal(tab.set.length, 1);
});

test("a server that is slow to answer is asked less often", async () => {
  let took = 0;
  let now = 0;
  const tab = polled([], () => { now += took; return answer({ token: "1" }); }, { worklist: {} });
  tab.window.performance.now = () => now;
  await load(tab, "live.js");
  const rests = [];
  for (took of [90, 500, 5000, 10]) {
    rests.push(tab.timers[0].ms);
    await tab.next();
  }
  rests.push(tab.timers[0].ms);
  assert.deepEqual(rests, [2000, 2000, 10000, 30000, 2000]);
});

test("a server that is slow to bring the rows is asked less often", async () => {
  let token = 0;
  let now = 0;
  let refreshed = 0;
  const tab = polled([], () => answer({ token: String(++token) }), { worklist: {}, "worklist-grid": {} });
  const known = { getDisplayedRowCount: () => 1, getColumns: () => null, refreshInfiniteCache: () => refreshed++ };
  const grid = new Proxy(known, { get: (methods, name) => methods[name] || (() => {}) });
  Object.assign(tab.window, { React: {}, addEventListener() {}, dash_ag_grid: { getApi: () => grid } });
  tab.window.performance.now = () => now;
  tab.window.document.querySelectorAll = () => [];
  for (const script of ["list_address.js", "worklist.js"]) await load(tab, script);
  tab.window.lightbox.worklistSeen = "0";
  await load(tab, "live.js");
  const rests = [];
  for (const took of [50, 400, 3000, 0]) {
    rests.push(tab.timers[0].ms);
    now += took;
    tab.window.dash_clientside.lightbox.rowsCame();
    tab.timers.pop(); // the grid's own
    await tab.next();
  }
  assert.equal(refreshed, 5);
  assert.deepEqual([...rests, tab.timers[0].ms], [2000, 2000, 8000, 30000, 2000]);
});

test("a scan's page is refreshed when the server's version is another than the page's", async () => {
  let version = "read:1";
  const tab = polled([], () => answer({ version }), { "scan-page": { dataset: { scan: "a b" } } });
  await load(tab, "live.js");
  assert.deepEqual(tab.asked, ["/scans/a%20b/state"]);
  assert.equal(tab.set.length, 0); // the page has not said yet what it shows
  tab.window.dash_clientside.lightbox.noteScan({ scan: "a b", version: "read:1" });
  await tab.next();
  assert.equal(tab.set.length, 0);
  version = "read:2";
  await tab.next();
  await tab.next();
  assert.deepEqual(tab.set.map(([id, { data }]) => [id, data]), [["scan-refresh", "read:2"]]);
});

test("another scan's version does not refresh this one", async () => {
  const tab = polled([], () => answer({ version: "read:2" }), { "scan-page": { dataset: { scan: "b" } } });
  await load(tab, "live.js");
  tab.window.dash_clientside.lightbox.noteScan({ scan: "a", version: "read:1" });
  await tab.next();
  assert.equal(tab.set.length, 0);
});

test("the worklist's rows are asked for anew once for each change", async () => {
  let token = "1";
  const tab = polled([], () => answer({ token }), { worklist: {} });
  let refreshed = 0;
  tab.window.lightbox.refreshWorklist = () => refreshed++;
  await load(tab, "live.js");
  tab.window.lightbox.worklistSeen = "1";
  await tab.next();
  assert.equal(refreshed, 0);
  token = "2";
  await tab.next();
  await tab.next();
  assert.equal(refreshed, 1);
});

test("whoever is signed out is led to the sign-in, with the way back", async () => {
  const tab = polled([], () => ({ ok: false, status: 401 }), { bell: {} });
  const went = [];
  tab.window.location = { pathname: "/drift", search: "?run=1", hash: "#part", assign: (address) => went.push(address) };
  await load(tab, "bell.js");
  tab.timers.shift().act();
  await settled();
  assert.deepEqual(went, ["/login?expired=1&next=%2Fdrift%3Frun%3D1%23part"]);
  tab.window.lightbox.signedOut();
  assert.equal(went.length, 1);
});

test("a page on which something would be lost stays, and is told each time", async () => {
  const tab = polled([], () => ({ ok: false, status: 401 }), {});
  const told = [];
  tab.window.location = { assign: () => assert.fail("the page was left") };
  tab.window.document.dispatchEvent = ({ type, cancelable }) => {
    told.push([type, cancelable]);
    return false; // somebody prevented it
  };
  const response = await tab.window.fetch("/changes");
  assert.equal(response.status, 401);
  assert.equal(tab.window.lightbox.signedOut(), false);
  assert.deepEqual(told, [["lightbox:signed-out", true], ["lightbox:signed-out", true]]);
});

test("the token against forged requests is read from its cookie", () => {
  const tab = polled([], () => answer({}), {});
  assert.equal(tab.window.lightbox.csrf(), "t/k");
});

/** A grid's source of rows whose answers the test gives. */
function source(window) {
  const open = [];
  const asks = { getRows: (params) => open.push(params) };
  window.lightbox.askInTurn(asks);
  return { asks, open };
}

test("the grid asks one question at a time, and each gets its own answer", () => {
  const timers = [];
  const window = page(["list_address.js", "worklist.js"], { React: {}, setTimeout: (act) => timers.push(act), clearTimeout() {} });
  const { asks, open } = source(window);
  const answers = [];
  for (const name of ["first", "second", "third"]) {
    asks.getRows({ name, successCallback: (rows) => answers.push([name, rows]), failCallback: () => answers.push([name, "failed"]) });
  }
  assert.deepEqual(open.map(({ name }) => name), ["first"]);
  open[0].successCallback(1, 10);
  assert.deepEqual(open.map(({ name }) => name), ["first", "second"]);
  timers[1](); // the second one never gets an answer
  assert.deepEqual(answers, [["first", 1], ["second", "failed"]]);
  open[1].successCallback(2, 10); // and one that comes too late is nobody's
  open[2].successCallback(3, 10);
  assert.deepEqual(answers.slice(2), [["third", 3]]);
});

// What happens around a correction: the clock, the turn of tabs, and sending it.

import assert from "node:assert/strict";
import test from "node:test";
import { gunzipSync } from "node:zlib";

import { page, plain } from "./load.mjs";

const BROWSER = { BroadcastChannel, FormData, Response, CompressionStream, DecompressionStream };
const SCRIPTS = ["base.js", "editing_clock.js", "editing_drafts.js", "editing_save.js", "editing_tabs.js"];

const UNREADABLE = "Something went wrong on our side.";

const { editing } = page(SCRIPTS, BROWSER).lightbox;

test("the clock counts between moves and leaves pauses out", () => {
  const clock = new editing.Clock(30);
  for (const second of [0, 10, 40, 100, 161, 171]) clock.moved(1000 * second);
  assert.equal(clock.seconds, 30 + 100 + 10); // the 61 seconds without a move are no work
  assert.equal(clock.minutes, 2.3);
  clock.moved(1000 * 100);
  assert.equal(clock.seconds, 140); // a clock that is set back takes nothing away
});

test("the second tab does not get the turn until the first lets go", async () => {
  const first = new editing.Turn("u/s/r", () => assert.fail("nobody took it"));
  const second = new editing.Turn("u/s/r", () => {});
  const other = new editing.Turn("u/another/r", () => {});
  try {
    assert.equal(await first.ask(), true);
    assert.equal(await second.ask(), false);
    assert.equal(await other.ask(), true);
    first.release();
    assert.equal(await second.ask(), true);
  } finally {
    for (const turn of [first, second, other]) turn.close();
  }
});

test("of two tabs that ask at the same moment one gets the turn", async () => {
  const turns = [1, 2, 3].map(() => new editing.Turn("race", () => {}));
  try {
    const got = await Promise.all(turns.map((turn) => turn.ask()));
    assert.equal(got.filter(Boolean).length, 1);
  } finally {
    for (const turn of turns) turn.close();
  }
});

test("a tab that takes over tells the one that had it", async () => {
  const told = [];
  const first = new editing.Turn("k", () => told.push("first"));
  const second = new editing.Turn("k", () => told.push("second"));
  try {
    await first.ask();
    await second.ask();
    second.take();
    await new Promise((done) => setTimeout(done, 50));
    assert.deepEqual(told, ["first"]);
    assert.deepEqual([first.held, second.held], [false, true]);
  } finally {
    first.close();
    second.close();
  }
});

test("a draft's bits give the mask again, of any length", async () => {
  const { drafts } = editing;
  for (let length = 0; length < 40; length++) {
    const voxels = Uint8Array.from({ length }, (_, index) => ((index * 2654435761) >>> 7) & 1);
    const packed = await drafts.packed(drafts.bitsOf(voxels));
    assert.deepEqual([...drafts.voxelsOf(await drafts.unpacked(packed), length)], [...voxels]);
  }
});

const CORRECTION = { user: "u7", result: "r1", parent: null, minutes: 2.5, comment: "rim", empty: false };

async function sent(respond) {
  const calls = [];
  const window = page(SCRIPTS, BROWSER);
  window.lightbox.csrf = () => "token";
  window.lightbox.plainFetch = async (path, options) => {
    calls.push({ path, options });
    return respond();
  };
  const voxels = Uint8Array.from([0, 1, 1, 0, 1]);
  return { answer: plain(await window.lightbox.editing.save.send("a/b", CORRECTION, voxels)), calls, voxels };
}

const says = (status, body) => () => new Response(JSON.stringify(body), { status });

test("what is sent is the mask's bytes with all that belongs to them", async () => {
  const { answer, calls, voxels } = await sent(says(200, { review: "v9" }));
  assert.deepEqual(answer, { outcome: "saved", review: "v9" });
  const [{ path, options }] = calls;
  assert.equal(path, "/scans/a%2Fb/drawing");
  assert.equal(options.headers["X-CSRFToken"], "token");
  const form = options.body;
  const bytes = gunzipSync(Buffer.from(await form.get("mask").arrayBuffer()));
  assert.deepEqual([...bytes], [...voxels]);
  const fields = ["user", "result", "parent", "minutes", "comment", "empty"].map((name) => form.get(name));
  assert.deepEqual(fields, ["u7", "r1", "", "2.5", "rim", "no"]);
});

test("each thing that can become of it has its own outcome", async () => {
  const current = { id: "v1", reviewer: "Dr Who" };
  for (const [respond, wanted] of [
    [says(409, { error: { code: "outdated", message: "Dr Who saved." }, current }), { outcome: "conflict", sentence: "Dr Who saved.", current }],
    [says(400, { error: { code: "invalid", message: "No." } }), { outcome: "refused", code: "invalid", sentence: "No." }],
    [says(503, { error: { code: "busy", message: "Wait." } }), { outcome: "failed", code: "busy", sentence: "Wait." }],
    [says(401, {}), { outcome: "signed out" }],
    [() => new Response("<html>"), { outcome: "refused", code: "unreadable", sentence: UNREADABLE }],
    [() => new Response("<html>", { status: 502 }), { outcome: "refused", code: "unreadable", sentence: UNREADABLE }],
    [() => { throw new TypeError("Failed to fetch"); }, { outcome: "offline" }],
  ]) {
    assert.deepEqual((await sent(respond)).answer, wanted);
  }
});

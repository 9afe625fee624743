import assert from "node:assert/strict";
import test from "node:test";

import { page, plain } from "./load.mjs";

/** A server of one volume; what was asked for, in order. */
function served(shape, { memory = 8, fail = 0 } = {}) {
  const asked = [];
  let failing = fail;
  const fetch = async (address) => {
    const { first, last } = Object.fromEntries(new URL(address, "http://x").searchParams);
    asked.push([Number(first), Number(last)]);
    if (failing-- > 0) throw new TypeError("gone");
    const pixels = shape[1] * shape[2];
    const values = new Int16Array((last - first + 1) * pixels);
    for (let slice = first; slice <= last; slice++) values.fill(slice, (slice - first) * pixels, (slice - first + 1) * pixels);
    return { ok: true, headers: new Map([["X-Voxel-Type", "int16"]]), arrayBuffer: async () => values.buffer };
  };
  const window = page(["viewer_volumes.js"], {
    fetch, AbortController, navigator: { deviceMemory: memory }, setTimeout: (act) => setTimeout(act, 1),
    Uint8Array, Int16Array, Uint16Array, Float32Array, RangeError, TypeError,
  });
  return { asked, Volume: window.lightbox.volumes.Volume, volumes: window.lightbox.volumes };
}

const arrived = async (volume, until) => {
  for (let turn = 0; turn < 2000 && !until(volume); turn++) await new Promise((after) => setTimeout(after, 1));
  assert.ok(until(volume));
};

const SHAPE = [150, 256, 256];

test("the block of the opening slice comes first and alone, then those around it", async () => {
  const { asked, Volume } = served(SHAPE);
  const volume = new Volume("/scans/a", SHAPE, 75, () => {});
  assert.equal(asked.length, 1);
  assert.ok(asked[0][0] <= 75 && 75 <= asked[0][1]);
  await arrived(volume, ({ complete }) => complete);
  const far = asked.map(([first, last]) => Math.max(first - 75, 75 - last, 0));
  assert.deepEqual(far, [...far].sort((a, b) => a - b));
  assert.equal(volume.slice(149)[0], 149);
  assert.equal(volume.voxels.length, 150 * 256 * 256);
});

test("every slice is asked for once, in blocks that do not depend on where one begins", async () => {
  for (const start of [0, 75, 149]) {
    const { asked, Volume, volumes } = served(SHAPE);
    await arrived(new Volume("/scans/a", SHAPE, start, () => {}), ({ complete }) => complete);
    const blocks = plain(volumes.blocksOf(SHAPE)).map(({ first, last }) => [first, last]);
    assert.deepEqual([...asked].sort(([one], [other]) => one - other), blocks);
    assert.equal(blocks[blocks.length - 1][1], 149);
  }
});

test("what somebody turns to is fetched next", async () => {
  const { asked, Volume } = served(SHAPE);
  const volume = new Volume("/scans/a", SHAPE, 0, () => {});
  volume.want(149);
  await arrived(volume, (shown) => shown.has(149));
  assert.ok(asked.findIndex(([, last]) => last === 149) <= 3);
  volume.close();
});

test("a connection that breaks is tried again, and said meanwhile", async () => {
  const { asked, Volume } = served([2, 4, 4], { fail: 1 });
  const seen = [];
  const volume = new Volume("/scans/a", [2, 4, 4], 0, () => seen.push(volume.broken));
  await arrived(volume, ({ complete }) => complete);
  assert.equal(asked.length, 2);
  assert.deepEqual(seen, [true, false]);
});

test("where memory would not do only slices near the wanted one are kept", async () => {
  const shape = [400, 256, 256]; // 50 MB of voxels, for a device of 32 MB
  const { Volume } = served(shape, { memory: 0.25 });
  const volume = new Volume("/scans/a", shape, 200, () => {});
  await arrived(volume, (shown) => shown.has(200));
  assert.equal(volume.partial, true);
  assert.equal(volume.voxels, null);
  assert.equal(volume.complete, false);
  volume.want(10);
  await arrived(volume, (shown) => shown.has(10) && shown.has(60));
  assert.equal(volume.slice(10)[0], 10);
  const kept = volume.blocks.filter(({ values }) => values).reduce((sum, { values }) => sum + values.byteLength, 0);
  assert.ok(kept <= 32 << 20, String(kept));
  assert.equal(volume.slice(399), null);
});

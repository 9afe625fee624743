import assert from "node:assert/strict";
import test from "node:test";

import { page, plain } from "./load.mjs";

const { geometry } = page(["geometry.js"]).lightbox;

const LESION = {
  slices: [8, 13],
  rows: [20, 33],
  columns: [12, 23],
  largest: 10,
  longest: [[20, 12], [33, 23]],
  perpendicular: [[33, 12], [20, 23]],
};
const view = (layers, mask = {}, more = {}) => ({
  data: { base: "/scans/a", heatmap: null, sources: { ai: { version: "r1", everywhere: false, lesions: [LESION], ...mask } }, ...more },
  layers: new Set(layers),
  source: "ai",
  window: {},
});

test("a mask is asked for only where there is something of it", () => {
  for (const [index, there] of [[7, false], [8, true], [13, true], [14, false]]) {
    const layers = geometry.layersOf(view(["mask", "outline"]), index);
    assert.equal(layers.slice, `/scans/a/slice/${index}.png`);
    assert.equal(layers.mask, there ? `/scans/a/mask/${index}.png?layer=ai&v=r1` : null);
    assert.equal(layers.outline, there ? `/scans/a/outline/${index}.png?layer=ai&v=r1` : null);
  }
  assert.equal(geometry.layersOf(view(["mask"], { everywhere: true }), 0).mask, "/scans/a/mask/0.png?layer=ai&v=r1");
});

test("layers that are off are not asked for", () => {
  const layers = geometry.layersOf(view(["outline"], {}, { heatmap: "h1" }), 10);
  assert.equal(layers.mask, null);
  assert.equal(layers.heatmap, null);
  assert.equal(geometry.layersOf(view(["heatmap"], {}, { heatmap: "h1" }), 10).heatmap, "/scans/a/heatmap.png?v=h1");
  const other = { ...view(["mask"]), source: "corrected" };
  assert.equal(geometry.layersOf(other, 10).mask, null);
});

test("a chosen window is part of a slice's address", () => {
  const layers = geometry.layersOf({ ...view([]), window: { low: -10, high: 300.5 } }, 3);
  assert.equal(layers.slice, "/scans/a/slice/3.png?low=-10&high=300.5");
});

test("the slices that scrolling on would show are fetched first, and none outside", () => {
  assert.deepEqual(plain(geometry.neighbours(10, 24)).slice(0, 6), [11, 9, 12, 13, 14, 8]);
  assert.deepEqual(plain(geometry.neighbours(10, 24, false)).slice(0, 6), [9, 11, 8, 7, 6, 12]);
  assert.deepEqual(plain(geometry.neighbours(0, 2)), [1]);
  assert.deepEqual(plain(geometry.neighbours(23, 24)).sort(), [20, 21, 22]);
  assert.deepEqual(plain(geometry.neighbours(0, 1)), []);
});

test("no key leads out of the scan", () => {
  assert.deepEqual([-Infinity, -1, 0, 23, 24, Infinity].map((index) => geometry.within(index, 24)), [0, 0, 0, 23, 23, 23]);
});

test("small turns of a wheel add up to a slice, and none is lost", () => {
  let rest = 0;
  let moved = 0;
  for (let turn = 0; turn < 10; turn++) {
    const wheel = geometry.turned(rest, 15, true);
    rest = wheel.rest;
    moved += wheel.steps;
  }
  assert.deepEqual([moved, rest], [3, 30]);
  assert.deepEqual(plain(geometry.turned(0, -1, false)), { steps: -1, rest: 0 }); // lines, as Firefox counts
});

test("a picture fills the frame in one direction and keeps its aspect", () => {
  assert.deepEqual(plain(geometry.fitted(800, 400, 1)), { width: 400, height: 400 });
  assert.deepEqual(plain(geometry.fitted(300, 400, 1.5)), { width: 300, height: 200 });
});

test("the scan's own window is not written into addresses", () => {
  const own = { min: 0, max: 2560, low: 100, high: 900 };
  assert.deepEqual(plain(geometry.windowOf(null, own)), {});
  assert.deepEqual(plain(geometry.windowOf([105, 895], own)), {}); // within a step of the slider
  assert.deepEqual(plain(geometry.windowOf([110, 900], own)), { low: 110, high: 900 });
  assert.deepEqual(plain(geometry.windowOf([100, 910], own)), { low: 100, high: 910 });
  assert.deepEqual(plain(geometry.windowOf([500, 500], own)), {}); // nothing would be seen
  assert.deepEqual(plain(geometry.windowOf([0.123456789, 900], own)), { low: 0.123457, high: 900 });
});

test("a box covers its last row and column, a diameter ends in the middle of pixels", () => {
  const all = new Set(["box", "diameters"]);
  const [box, longest, perpendicular] = plain(geometry.marks([LESION], 10, all));
  assert.deepEqual(box, { kind: "rect", look: "lb-box", at: { x: 12, y: 20, width: 12, height: 14 } });
  assert.deepEqual(longest.at, { x1: 12.5, y1: 20.5, x2: 23.5, y2: 33.5 });
  assert.equal(perpendicular.look, "lb-perpendicular");
  assert.deepEqual(plain(geometry.marks([LESION], 8, all)).map((mark) => mark.kind), ["rect"]);
  assert.deepEqual(plain(geometry.marks([LESION], 7, all)), []);
  assert.deepEqual(plain(geometry.marks([LESION], 10, new Set())), []);
});

import assert from "node:assert/strict";
import test from "node:test";

import { page, plain } from "./load.mjs";

const { wheel, windows, zoom, probability, layers } = page([
  "viewer_layers.js", "viewer_probability.js", "viewer_wheel.js", "viewer_windows.js", "viewer_zoom.js",
], { Float32Array, Int16Array }).lightbox;

// ---- the wheel -------------------------------------------------------------------------------

function slices(events) {
  let state = wheel.still;
  return events.map((event) => (state = wheel.turned(state, { deltaMode: 0, timeStamp: 0, ...event })).steps);
}

test("a notch is one slice, whatever system reports it", () => {
  const notch = [
    { deltaY: 120, wheelDeltaY: -120 }, // Chromium on Linux
    { deltaY: 100, wheelDeltaY: -120 }, // Chromium on Windows
    { deltaY: 125, wheelDeltaY: -120 }, // the same, zoomed
    { deltaY: 3, deltaMode: 1, wheelDeltaY: undefined }, // Firefox: lines
    { deltaY: 1, deltaMode: 1 },
    { deltaY: 100 }, // no legacy field
    { deltaY: 4.0002, wheelDeltaY: -12 }, // a slow mouse on macOS
  ];
  for (const event of notch) assert.deepEqual(slices([event]), [1], JSON.stringify(event));
  for (const { deltaY, wheelDeltaY, ...event } of notch) {
    assert.deepEqual(slices([{ ...event, deltaY: -deltaY, wheelDeltaY: wheelDeltaY && -wheelDeltaY }]), [-1]);
  }
});

test("forty notches are forty slices, and notches that come as one event are counted", () => {
  const turned = slices(Array.from({ length: 40 }, (_, time) => ({ deltaY: 120, wheelDeltaY: -120, timeStamp: time })));
  assert.equal(turned.reduce((sum, steps) => sum + steps), 40);
  assert.deepEqual(slices([{ deltaY: 360, wheelDeltaY: -360 }, { deltaY: 9, deltaMode: 1 }, { deltaY: 240 }]), [3, 3, 2]);
});

test("a touchpad's movement adds up and is not taken for notches", () => {
  const moved = Array.from({ length: 30 }, (_, order) => ({ deltaY: 10, wheelDeltaY: -30, timeStamp: order * 16 }));
  const steps = slices(moved);
  assert.equal(steps[0], 1); // at once
  assert.equal(steps.reduce((sum, step) => sum + step), 1 + Math.floor((29 * 10) / 30));
  assert.deepEqual(slices([{ deltaY: 40, wheelDeltaY: -120 }]), [1]); // thrown: a hundred and twenty, but no notch
  assert.deepEqual(slices([{ deltaY: 10, wheelDeltaY: -30 }, { deltaY: -10, wheelDeltaY: 30, timeStamp: 9 }]), [1, 0]);
  assert.deepEqual(slices([{ deltaY: 0 }]), [0]);
});

// ---- windows ---------------------------------------------------------------------------------

const greys = (values, low, high) => {
  const pixels = new Uint32Array(values.length);
  windows.paint(values, { low, high }, pixels);
  return [...pixels].map((pixel) => {
    const [red, green, blue, alpha] = [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255, pixel >>> 24];
    assert.deepEqual([green, blue, alpha], [red, red, 255]);
    return red;
  });
};

test("every type of voxel is drawn alike: below black, above white, straight between", () => {
  for (const Voxels of [Int16Array, Uint16Array, Float32Array]) {
    assert.deepEqual(greys(Voxels.of(0, 100, 150, 200, 300), 100, 200), [0, 0, 127, 255, 255]);
  }
  assert.deepEqual(greys(Uint8Array.of(0, 100, 150, 200, 255), 100, 200), [0, 0, 127, 255, 255]);
  assert.deepEqual(greys(Int16Array.of(-1000, -500, 0), -1000, 0), [0, 127, 255]);
  assert.deepEqual(greys(Uint16Array.of(40000, 65535), 0, 65535), [155, 255]);
  assert.deepEqual(greys(Float32Array.of(NaN, 0.5, Infinity), 0, 1), [0, 127, 255]);
});

test("another window is drawn by another table", () => {
  assert.deepEqual(greys(Int16Array.of(50), 0, 100), [127]);
  assert.deepEqual(greys(Int16Array.of(50), 0, 200), [63]);
  assert.deepEqual(greys(Uint16Array.of(50), 0, 200), [63]);
});

test("a drag to the right is wider, upwards brighter, and never turns over", () => {
  const usual = { low: 0, high: 600 };
  assert.deepEqual(plain(windows.dragged(usual, 150, 0, usual)), { low: -150, high: 750 });
  assert.deepEqual(plain(windows.dragged(usual, 0, -30, usual)), { low: -60, high: 540 });
  const narrow = windows.dragged(usual, -9999, 0, usual);
  assert.ok(narrow.high > narrow.low);
});

test("a window's numbers and its name", () => {
  assert.equal(windows.words({ low: -160, high: 240 }), "W 400 L 40");
  assert.equal(windows.words({ low: 0, high: 0.5 }), "W 0.500 L 0.250");
  const presets = [{ name: "Default", low: 0, high: 536 }];
  assert.equal(windows.named({ low: 0, high: 536 }, presets), "Default");
  assert.equal(windows.named({ low: 1, high: 536 }, presets), "");
});

// ---- zoom ------------------------------------------------------------------------------------

const SIZE = [60, 48];
const MM = [2, 1];
const FRAME = [400, 300];
const near = (values, others) => values.forEach((value, at) => assert.ok(Math.abs(value - others[at]) < 1e-9, `${values} ${others}`));

test("a picture fits its frame, in millimetres", () => {
  const matrix = zoom.matrix(SIZE, MM, FRAME, zoom.whole());
  near(zoom.apply(matrix, [0, 0]), [200 - 60, 0]);
  near(zoom.apply(matrix, [48, 60]), [200 + 60, 300]);
});

test("what lies under the pointer stays there when zoomed", () => {
  for (const turns of [0, 1, 2, 3]) {
    for (const mirrored of [false, true]) {
      let view = { ...zoom.whole(), turns, mirrored };
      const at = [180, 140];
      const before = zoom.unapply(zoom.matrix(SIZE, MM, FRAME, view), at);
      for (const factor of [1.3, 2, 1.5]) view = zoom.zoomedAt(SIZE, MM, FRAME, view, factor, at);
      near(zoom.unapply(zoom.matrix(SIZE, MM, FRAME, view), at), before);
    }
  }
});

test("a picture cannot be lost, nor be smaller than its frame", () => {
  const gone = zoom.bounded(SIZE, MM, FRAME, { ...zoom.whole(), zoom: 2, pan: [1e5, -1e5] });
  assert.deepEqual(plain(gone.pan), [60, -150]); // half of the fitted 120 x 300
  assert.deepEqual(plain(zoom.bounded(SIZE, MM, FRAME, { ...zoom.whole(), zoom: 0.2, pan: [9, 9] })), plain(zoom.whole()));
  assert.equal(zoom.bounded(SIZE, MM, FRAME, { ...zoom.whole(), zoom: 1e3 }).zoom, 16);
});

test("mirroring and turning move letters as they move pixels", () => {
  const letters = { left: "R", right: "L", top: "A", bottom: "P" };
  const corner = { left: [0, 30], right: [48, 30], top: [24, 0], bottom: [24, 60] };
  for (const turns of [0, 1, 2, 3]) {
    for (const mirrored of [false, true]) {
      const view = { ...zoom.whole(), turns, mirrored };
      const shown = zoom.turnedLetters(letters, view);
      const matrix = zoom.matrix(SIZE, MM, FRAME, view);
      for (const [edge, letter] of Object.entries(letters)) {
        const [x, y] = zoom.apply(matrix, corner[edge]);
        const [across, down] = [x - 200, y - 150];
        const side = Math.abs(across) > Math.abs(down) ? (across < 0 ? "left" : "right") : down < 0 ? "top" : "bottom";
        assert.equal(shown[side], letter, `${turns} ${mirrored} ${edge}`);
      }
    }
  }
});

test("a scale bar is a round length that has room", () => {
  assert.deepEqual(plain(zoom.scaleBar(2)), { mm: 50, pixels: 100 });
  assert.deepEqual(plain(zoom.scaleBar(7)), { mm: 10, pixels: 70 });
  assert.deepEqual(plain(zoom.scaleBar(100)), { mm: 1, pixels: 100 });
});

// ---- probability and layers ------------------------------------------------------------------

test("a threshold cuts as the server does: above the rounded value", () => {
  const values = Uint8Array.of(0, 127, 128, 129, 255);
  assert.deepEqual([...probability.cutting(values, 0.5)], [0, 0, 0, 1, 1]);
  const counts = probability.histogram(values);
  for (const threshold of [0.01, 0.3, 0.5, 0.99]) {
    const cut = probability.cutting(values, threshold);
    assert.equal(probability.above(counts, threshold), cut.reduce((sum, voxel) => sum + voxel));
  }
});

test("the threshold that a mask was cut at is told by its least sure voxel", () => {
  const values = Uint8Array.from({ length: 256 }, (_, value) => value);
  for (const threshold of [0.1, 0.41, 0.9]) {
    const mask = probability.cutting(values, threshold);
    const told = probability.thresholdOf(values, mask);
    assert.deepEqual([...probability.cutting(values, told)], [...mask]);
  }
  assert.equal(probability.thresholdOf(values, new Uint8Array(256)), null);
});

test("at first nothing hides the texture", () => {
  const volume = layers.offered({ sources: { ai: {} }, probability: "r", heatmap: null });
  assert.deepEqual(plain(volume), ["outline", "fill", "box", "numbers", "diameters", "probability"]);
  assert.deepEqual([...layers.usual(volume)], ["outline"]);
  assert.deepEqual(plain(layers.offered({ sources: {}, probability: null, heatmap: null })), []);
  assert.deepEqual([...layers.usual(layers.offered({ sources: {}, probability: null, heatmap: "r" }))], ["heatmap"]);
});

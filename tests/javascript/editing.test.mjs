// Properties of the editor's arithmetic, tried on many drawn-by-chance cases (one seed each, so that a failure repeats).

import assert from "node:assert/strict";
import test from "node:test";

import { page, plain } from "./load.mjs";

const { editing } = page([
  "editing_brush.js", "editing_grid.js", "editing_intensity.js", "editing_interpolate.js", "editing_lesions.js",
  "editing_mask.js",
]).lightbox;
const { grid: walking, EditableMask } = editing;

const GRID = { slices: 7, rows: 20, columns: 16, spacing: [3, 2, 1] };
const SIZE = 7 * 20 * 16;

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function chance(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const sprinkled = (random, share) => Uint8Array.from({ length: SIZE }, () => (random() < share ? 1 : 0));
const somewhere = (random) => [random() * 6, random() * 19, random() * 15];
const same = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)) === 0;
const total = (voxels) => voxels.reduce((sum, value) => sum + value, 0);
const sorted = (indices) => [...new Set(indices)].sort((a, b) => a - b);

function randomStep(mask, random, number) {
  const axis = Math.floor(random() * 3);
  const [from, to] = [somewhere(random), somewhere(random)];
  from[axis] = to[axis] = Math.round(from[axis]);
  if (number % 5 === 4) mask.replace(sprinkled(random, random()));
  else mask.setAll(editing.brush.stroke(GRID, axis, from, to, random() * 6), random() < 0.6 ? 1 : 0);
  return mask.step("step " + number);
}

test("undo restores every byte of every step, and redo gives it again", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = chance(seed);
    const start = sprinkled(random, 0.2);
    const mask = new EditableMask(GRID, start, "ai");
    const states = [start];
    for (let number = 0; number < 15; number++) if (randomStep(mask, random, number)) states.push(mask.voxels.slice());
    for (let step = states.length - 1; step > 0; step--) {
      assert.ok(same(mask.voxels, states[step]));
      assert.equal(mask.count, total(states[step]));
      assert.ok(mask.undo());
    }
    assert.ok(same(mask.voxels, start));
    assert.equal(mask.undo(), null);
    for (let step = 1; step < states.length; step++) {
      assert.ok(mask.redo());
      assert.ok(same(mask.voxels, states[step]));
    }
    assert.equal(mask.redo(), null);
  }
});

test("another step after an undo is the end of what was undone", () => {
  const mask = new EditableMask(GRID, new Uint8Array(SIZE), "empty");
  mask.setAll([1, 2, 3], 1);
  mask.step("first");
  mask.undo();
  mask.setAll([9], 1);
  mask.step("second");
  assert.equal(mask.canRedo, false);
  assert.equal(mask.undo(), "second");
  assert.equal(mask.canUndo, false);
});

test("what changes nothing is no step, and a cancelled stroke leaves nothing", () => {
  const start = sprinkled(chance(3), 0.3);
  const mask = new EditableMask(GRID, start, "ai");
  mask.setAll([5, 6], 1 - start[5]);
  mask.setAll([5, 6], start[5]);
  mask.set(6, start[6]);
  assert.equal(mask.step("there and back"), false);
  mask.setAll([10, 11, 12, 900], 1);
  mask.cancel();
  assert.ok(same(mask.voxels, start));
  assert.equal(mask.count, total(start));
  assert.equal(mask.canUndo, false);
});

test("the way back has a bounded memory, and what is left of it is right", () => {
  const random = chance(11);
  const mask = new EditableMask(GRID, new Uint8Array(SIZE), "empty", 1500);
  const states = [];
  for (let number = 0; number < 40; number++) {
    states.push(mask.voxels.slice());
    mask.replace(sprinkled(random, 0.5));
    mask.step("noise");
    assert.ok(mask.historyBytes <= 1500);
  }
  let undone = 0;
  while (mask.undo()) assert.ok(same(mask.voxels, states[states.length - ++undone]));
  assert.ok(undone >= 4 && undone < 40, `${undone} steps`);
});

test("a brush stroke is a run, and noise never takes more than a bit a voxel", () => {
  const mask = new EditableMask(GRID, new Uint8Array(SIZE), "empty");
  mask.setAll([0, 1, 2, SIZE - 1], 1);
  mask.step("two runs");
  assert.equal(mask.historyBytes, 16);
  mask.replace(sprinkled(chance(5), 0.5));
  mask.step("noise");
  assert.ok(mask.historyBytes <= 16 + SIZE / 8 + 1);
});

test("to begin again from another mask is a step that undo takes back, with the name of the start", () => {
  const start = sprinkled(chance(8), 0.2);
  const mask = new EditableMask(GRID, start, "ai");
  mask.setAll([4], 1);
  mask.step("dot");
  assert.ok(mask.restart(new Uint8Array(SIZE), "empty", "begin again"));
  assert.deepEqual([mask.base, mask.count], ["empty", 0]);
  mask.undo();
  assert.equal(mask.base, "ai");
  mask.redo();
  assert.equal(mask.base, "empty");
});

test("the volume is the voxels' number times their size, unknown without a spacing", () => {
  const mask = new EditableMask(GRID, sprinkled(chance(2), 0.4), "ai");
  assert.equal(mask.millilitres, (mask.count * 6) / 1000);
  assert.equal(new EditableMask({ ...GRID, spacing: null }, mask.voxels, "ai").millilitres, null);
  assert.throws(() => new EditableMask(GRID, new Uint8Array(3), "ai"), /size of its grid/);
});

// ---- strokes and outlines ------------------------------------------------------------------------

test("a stroke touches its own slice of its plane alone, in each of the three", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = chance(seed);
    const axis = seed % 3;
    const [from, to] = [somewhere(random), somewhere(random)];
    from[axis] = to[axis] = Math.round(from[axis]);
    const touched = editing.brush.stroke(GRID, axis, from, to, random() * 8);
    assert.ok(touched.length);
    for (const index of touched) assert.equal(walking.placeOf(GRID, index)[axis], from[axis]);
  }
});

test("a brush is a disc of mm: each voxel's distance decides, whatever the voxels' shape", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = chance(seed);
    const axis = seed % 3;
    const middle = somewhere(random);
    middle[axis] = Math.round(middle[axis]);
    const radius = 1.6 + random() * 6; // more than half of a voxel's diagonal: the pointer's own voxel is no exception
    const wanted = [];
    for (let index = 0; index < SIZE; index++) {
      const place = walking.placeOf(GRID, index);
      if (place[axis] !== middle[axis]) continue;
      const away = Math.hypot(...place.map((value, way) => (value - middle[way]) * GRID.spacing[way]));
      if (away <= radius) wanted.push(index);
    }
    const touched = sorted(editing.brush.stroke(GRID, axis, middle, middle, radius));
    const own = walking.indexOf(GRID, walking.voxelAt(GRID, middle));
    assert.deepEqual(touched.filter((index) => index !== own), wanted.filter((index) => index !== own));
  }
});

test("two far events of a fast pointer leave a stroke without gaps", () => {
  const flat = { slices: 1, rows: 64, columns: 64, spacing: null };
  for (const radius of [0, 0.4, 1, 3]) {
    const touched = sorted(editing.brush.stroke(flat, 0, [0, 3, 2], [0, 47, 60], radius));
    const marked = new Set(touched);
    const reached = walking.flood(flat, touched[0], walking.neighbours(0, true), (index) => marked.has(index));
    assert.equal(reached.length, marked.size);
    assert.ok(marked.has(walking.indexOf(flat, [0, 3, 2])) && marked.has(walking.indexOf(flat, [0, 47, 60])));
  }
});

test("a stroke outside the picture touches nothing, one over its edge only what is inside", () => {
  assert.deepEqual(plain(editing.brush.stroke(GRID, 0, [9, 5, 5], [9, 5, 5], 4)), []);
  assert.deepEqual(plain(editing.brush.stroke(GRID, 0, [2, -40, -40], [2, -30, -30], 4)), []);
  for (const index of editing.brush.stroke(GRID, 0, [2, -1, -1], [2, 30, -1], 5)) {
    assert.ok(index >= 2 * 320 && index < 3 * 320);
  }
});

test("an outline encloses the voxels whose centres lie in it", () => {
  const corners = [[2, 3.5, 2.5], [2, 3.5, 9.5], [2, 8.5, 9.5], [2, 8.5, 2.5]];
  const wanted = [];
  for (let row = 4; row <= 8; row++) for (let column = 3; column <= 9; column++) wanted.push((2 * 20 + row) * 16 + column);
  assert.deepEqual(sorted(editing.brush.enclosed(GRID, 0, 2, corners)), wanted);
  assert.deepEqual(sorted(editing.brush.enclosed(GRID, 0, 2, [...corners].reverse())), wanted);
  // Once round and a half: the part gone over twice is no hole.
  assert.deepEqual(sorted(editing.brush.enclosed(GRID, 0, 2, [...corners, ...corners.slice(0, 3)])), wanted);
  assert.deepEqual(plain(editing.brush.enclosed(GRID, 0, 2, corners.slice(0, 2))), []);
});

test("an outline lies in its plane, and over the picture's edge it is cut", () => {
  for (const axis of [0, 1, 2]) {
    const [first, second] = walking.planeAxes(axis);
    const corner = (u, v) => [0, 0, 0].map((_, way) => (way === first ? u : way === second ? v : 4));
    const inside = editing.brush.enclosed(GRID, axis, 4, [corner(-5, -5), corner(-5, 90), corner(90, 90), corner(90, -5)]);
    const lengths = walking.lengths(GRID);
    assert.equal(new Set(inside).size, lengths[first] * lengths[second]);
    for (const index of inside) assert.equal(walking.placeOf(GRID, index)[axis], 4);
  }
});

test("filling fills what the mask closes in, and nothing that is open to the edge", () => {
  const mask = new Uint8Array(SIZE);
  for (let row = 4; row <= 9; row++) {
    for (let column = 3; column <= 8; column++) {
      const rim = row === 4 || row === 9 || column === 3 || column === 8;
      if (rim) mask[walking.indexOf(GRID, [3, row, column])] = 1;
    }
  }
  assert.equal(editing.brush.hole(GRID, 0, [3, 6, 6], mask).length, 16);
  assert.equal(editing.brush.hole(GRID, 0, [3, 12, 12], mask), null);
  assert.deepEqual(plain(editing.brush.hole(GRID, 0, [3, 4, 3], mask)), []);
  mask[walking.indexOf(GRID, [3, 4, 5])] = 0;
  assert.equal(editing.brush.hole(GRID, 0, [3, 6, 6], mask), null);
});

// ---- what the picture says -----------------------------------------------------------------------

/** A ball of 100 in 20, and another one that does not touch it. */
function balls() {
  return Float32Array.from({ length: SIZE }, (_, index) => {
    const [slice, row, column] = walking.placeOf(GRID, index);
    const away = Math.hypot((slice - 3) * 3, (row - 6) * 2, column - 5);
    return away <= 6 || (row >= 16 && column >= 12) ? 100 + ((index * 7) % 5) : 20;
  });
}

test("growing takes what is connected and alike, in the plane or in all directions", () => {
  const picture = balls();
  const seed = [3, 6, 5];
  const whole = editing.intensity.grow(GRID, picture, seed, { axis: null, tolerance: 10, reach: 100 });
  const ball = [...picture.keys()].filter((index) => picture[index] > 50 && walking.placeOf(GRID, index)[1] < 16);
  assert.deepEqual(sorted(whole), ball);
  for (const axis of [0, 1, 2]) {
    const flat = editing.intensity.grow(GRID, picture, seed, { axis, tolerance: 10, reach: 100 });
    assert.deepEqual(sorted(flat), ball.filter((index) => walking.placeOf(GRID, index)[axis] === seed[axis]));
  }
});

test("growing keeps within its reach in mm and within its tolerance", () => {
  const picture = balls();
  const near = editing.intensity.grow(GRID, picture, [3, 6, 5], { axis: null, tolerance: 10, reach: 3 });
  for (const index of near) {
    const [slice, row, column] = walking.placeOf(GRID, index);
    assert.ok(Math.hypot((slice - 3) * 3, (row - 6) * 2, column - 5) <= 3);
  }
  assert.ok(near.length > 5);
  const all = editing.intensity.grow(GRID, picture, [3, 6, 5], { axis: null, tolerance: 200, reach: 1000 });
  assert.equal(all.length, SIZE);
  picture[walking.indexOf(GRID, [3, 6, 6])] = NaN;
  const holed = editing.intensity.grow(GRID, picture, [3, 6, 5], { axis: 0, tolerance: 10, reach: 100 });
  assert.ok(!holed.includes(walking.indexOf(GRID, [3, 6, 6])));
});

test("a threshold inside a region keeps to both; Otsu's parts two kinds of values", () => {
  const picture = balls();
  const region = editing.brush.enclosed(GRID, 0, 3, [[3, 0, 0], [3, 0, 12], [3, 12, 12], [3, 12, 0]]);
  const cut = editing.intensity.otsu(region.map((index) => picture[index]));
  assert.ok(cut > 20 && cut < 100, `${cut}`);
  const bright = editing.intensity.between(picture, region, cut, null);
  assert.deepEqual(sorted(bright), sorted(region.filter((index) => picture[index] > 50)));
  const dark = editing.intensity.between(picture, region, null, cut);
  assert.equal(dark.length + bright.length, region.length);
  assert.equal(editing.intensity.otsu([4, 4, 4]), null);
});

// ---- lesions and interpolation -------------------------------------------------------------------

/** The pieces of a mask by another way: joined sets (union-find) over all pairs of touching voxels. */
function naiveSizes(mask) {
  const parent = [...mask.keys()];
  const root = (index) => {
    while (parent[index] !== index) index = parent[index];
    return index;
  };
  const marked = [...mask.keys()].filter((index) => mask[index]);
  const places = marked.map((index) => walking.placeOf(GRID, index));
  for (let voxel = 0; voxel < marked.length; voxel++) {
    for (let other = 0; other < voxel; other++) {
      if (places[voxel].every((value, way) => Math.abs(value - places[other][way]) <= 1)) {
        parent[root(marked[voxel])] = root(marked[other]);
      }
    }
  }
  const counts = new Map();
  for (const index of marked) counts.set(root(index), (counts.get(root(index)) || 0) + 1);
  return [...counts.values()].sort((a, b) => b - a);
}

test("lesions are the 26-connected pieces, as counted naively; a click means one of them", () => {
  for (let seed = 1; seed <= 8; seed++) {
    const random = chance(seed);
    const mask = sprinkled(random, 0.01 + 0.05 * random());
    const wanted = naiveSizes(mask);
    assert.deepEqual(plain(editing.lesions.sizes(GRID, mask)), wanted);
    const clicked = mask.indexOf(1);
    const piece = editing.lesions.pieceAt(GRID, mask, walking.placeOf(GRID, clicked));
    assert.ok(piece.includes(clicked));
    const rest = mask.slice();
    for (const index of piece) rest[index] = 0;
    assert.deepEqual(plain(editing.lesions.sizes(GRID, rest)), without(wanted, piece.length));
  }
  assert.deepEqual(plain(editing.lesions.pieceAt(GRID, new Uint8Array(SIZE), [0, 0, 0])), []);
});

function without(sizes, size) {
  const left = [...sizes];
  left.splice(left.indexOf(size), 1);
  return left;
}

test("signed distances are those to the nearest pixel of the other kind, in mm", () => {
  const random = chance(4);
  const [height, width, mm] = [9, 12, [2, 0.7]];
  const shape = Uint8Array.from({ length: height * width }, () => (random() < 0.5 ? 1 : 0));
  const distances = editing.interpolate.signed(shape, [height, width], mm);
  shape.forEach((value, pixel) => {
    let nearest = Infinity;
    shape.forEach((other, place) => {
      if (other === value) return;
      const rows = Math.floor(place / width) - Math.floor(pixel / width);
      nearest = Math.min(nearest, Math.hypot(rows * mm[0], ((place % width) - (pixel % width)) * mm[1]));
    });
    assert.ok(Math.abs(distances[pixel] - (value ? -nearest : nearest)) < 1e-9);
  });
});

const square = (mask, slice, top, left, side) => {
  for (let row = top; row < top + side; row++) {
    for (let column = left; column < left + side; column++) mask[walking.indexOf(GRID, [slice, row, column])] = 1;
  }
};
const areaOf = (voxels, slice) => total(voxels.subarray(slice * 320, (slice + 1) * 320));

test("between two drawn slices the shape goes from the one to the other, and the drawn ones stay", () => {
  const before = new Uint8Array(SIZE);
  const mask = new EditableMask({ ...GRID, spacing: null }, before, "empty");
  square(mask.voxels, 1, 4, 4, 4);
  square(mask.voxels, 5, 2, 2, 8);
  const drawn = mask.voxels.slice();
  assert.equal(editing.interpolate.apply(mask, 0, before), 3);
  assert.deepEqual([1, 5].map((slice) => same(mask.voxels.subarray(slice * 320, slice * 320 + 320), drawn.subarray(slice * 320, slice * 320 + 320))), [true, true]);
  const areas = [1, 2, 3, 4, 5].map((slice) => areaOf(mask.voxels, slice));
  for (let number = 1; number < 5; number++) assert.ok(areas[number - 1] <= areas[number], `${areas}`);
  assert.equal(areas[2], 36); // half of the way from 4 to 8 is 6
  assert.deepEqual([areaOf(mask.voxels, 0), areaOf(mask.voxels, 6)], [0, 0]);
});

test("what lies elsewhere on the slices stays as it was, byte for byte", () => {
  const before = new Uint8Array(SIZE);
  for (let slice = 0; slice < 7; slice++) square(before, slice, 15, 12 - (slice % 2), 3);
  for (let slice = 1; slice < 6; slice++) square(before, slice, 5, 5, 2);
  const mask = new EditableMask({ ...GRID, spacing: null }, before, "ai");
  for (const slice of [1, 5]) square(mask.voxels, slice, 3, 3, 6);
  assert.equal(editing.interpolate.apply(mask, 0, before), 3);
  for (const slice of [2, 3, 4]) {
    assert.equal(areaOf(mask.voxels, slice), 36 + 9);
    for (let row = 14; row < 20; row++) {
      for (let column = 0; column < 16; column++) {
        const index = walking.indexOf(GRID, [slice, row, column]);
        assert.equal(mask.voxels[index], before[index]);
      }
    }
  }
});

test("what was made smaller on two slices gets smaller between them", () => {
  const before = new Uint8Array(SIZE);
  for (let slice = 1; slice < 6; slice++) square(before, slice, 3, 3, 8);
  const mask = new EditableMask({ ...GRID, spacing: null }, before, "ai");
  for (const slice of [1, 5]) {
    mask.voxels.fill(0, slice * 320, (slice + 1) * 320);
    square(mask.voxels, slice, 3, 3, 4);
  }
  editing.interpolate.apply(mask, 0, before);
  assert.deepEqual([1, 2, 3, 4, 5].map((slice) => areaOf(mask.voxels, slice)), [16, 16, 16, 16, 16]);
});

test("nothing is interpolated from one edited slice, from neighbours, or from one that was emptied", () => {
  const before = new Uint8Array(SIZE);
  square(before, 5, 3, 3, 4);
  const mask = new EditableMask(GRID, before, "ai");
  square(mask.voxels, 1, 4, 4, 4);
  assert.equal(editing.interpolate.apply(mask, 0, before), 0);
  mask.voxels.fill(0, 5 * 320, 6 * 320);
  assert.equal(editing.interpolate.apply(mask, 0, before), 0);
  square(mask.voxels, 2, 4, 4, 4);
  assert.equal(editing.interpolate.apply(mask, 0, before), 0);
});

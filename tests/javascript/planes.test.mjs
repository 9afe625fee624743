import assert from "node:assert/strict";
import test from "node:test";

import { page, plain } from "./load.mjs";

const { planes, outlines } = page(["viewer_planes.js", "viewer_outlines.js"]).lightbox;

const ORDERS = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
const SIGNS = [0, 1, 2, 3, 4, 5, 6, 7].map((bits) => [bits & 1, bits & 2, bits & 4].map((bit) => (bit ? -1 : 1)));
const SHAPE = [4, 6, 5];
const MM = [3, 1, 0.5];

/** The affine of an array whose axes run along these world axes, turned by some degrees about the third. */
function affineOf(order, signs, degrees = 0) {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const turn = [[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]];
  const rows = [0, 1, 2].map(() => [0, 0, 0, 7]);
  order.forEach((world, axis) => {
    const unit = [0, 0, 0];
    unit[world] = signs[axis] * MM[axis];
    turn.forEach((row, out) => (rows[out][axis] = row.reduce((sum, part, at) => sum + part * unit[at], 0)));
  });
  return rows;
}

const every = ORDERS.flatMap((order) => SIGNS.map((signs) => ({ order, signs })));

// Where the world grows along a plane's columns and rows, told by two voxels and the affine alone.
function grows(plane, affine, run) {
  const place = [0, 0, 0];
  const from = planes.toWorld(affine, planes.toVoxel(plane, place));
  place[run] = 1;
  const to = planes.toWorld(affine, planes.toVoxel(plane, place));
  const moved = to.map((mm, axis) => mm - from[axis]);
  const axis = moved.reduce((best, mm, at) => (Math.abs(mm) > Math.abs(moved[best]) ? at : best), 0);
  return ["RAS", "LPI"][moved[axis] > 0 ? 0 : 1][axis];
}

test("in all 48 orientations left is left, and letters are those of the voxels, in every plane", () => {
  assert.equal(every.length, 48);
  const way = { axial: ["S", "P", "L"], coronal: ["A", "I", "L"], sagittal: ["L", "I", "P"] };
  for (const { order, signs } of every) {
    for (const degrees of [0, 12]) {
      const affine = affineOf(order, signs, degrees);
      const made = planes.planesOf({ shape: SHAPE, affine, placed: true });
      assert.equal(made.planes.length, 3);
      assert.equal(made.native.axes[0], 0);
      for (const plane of made.planes) {
        assert.deepEqual([0, 1, 2].map((run) => grows(plane, affine, run)), way[plane.name]);
        assert.equal(plane.letters.right, grows(plane, affine, 2));
        assert.equal(plane.letters.bottom, grows(plane, affine, 1));
      }
    }
  }
});

test("letters across from each other are opposite", () => {
  const opposite = { L: "R", R: "L", A: "P", P: "A", S: "I", I: "S" };
  const { planes: all } = planes.planesOf({ shape: SHAPE, affine: affineOf([2, 1, 0], [1, -1, -1]), placed: true });
  for (const { letters } of all) {
    assert.equal(letters.left, opposite[letters.right]);
    assert.equal(letters.top, opposite[letters.bottom]);
  }
});

test("a place in a plane and its voxel are the same place, both ways", () => {
  for (const { order, signs } of every) {
    const { planes: all } = planes.planesOf({ shape: SHAPE, affine: affineOf(order, signs), placed: true });
    for (const plane of all) {
      assert.deepEqual(plain(planes.toPlane(plane, planes.toVoxel(plane, [1, 2.25, 3]))), [1, 2.25, 3]);
      const [slices, rows, columns] = plane.size;
      const corners = planes.toVoxel(plane, [slices - 1, rows - 1, columns - 1]);
      corners.forEach((value, axis) => assert.ok(value >= 0 && value < SHAPE[axis]));
    }
  }
});

test("a slice that was cut holds the voxels that the plane says", () => {
  const array = Int16Array.from({ length: 4 * 6 * 5 }, (_, at) => at);
  for (const { order, signs } of every) {
    const { planes: all } = planes.planesOf({ shape: SHAPE, affine: affineOf(order, signs), placed: true });
    for (const plane of all) {
      const [slices, rows, columns] = plane.size;
      for (const index of [0, slices - 1]) {
        const cut = planes.cut(array, SHAPE, plane, index);
        for (let row = 0; row < rows; row++) {
          for (let column = 0; column < columns; column++) {
            const [s, r, c] = planes.toVoxel(plane, [index, row, column]);
            assert.equal(cut[row * columns + column], (s * 6 + r) * 5 + c);
          }
        }
      }
    }
  }
});

test("oblique is said from five degrees on, and by how much", () => {
  const said = (degrees) => {
    const made = planes.planesOf({ shape: SHAPE, affine: affineOf([2, 1, 0], [1, -1, -1], degrees), placed: true });
    return planes.oblique(made.degrees);
  };
  assert.deepEqual([0, 4.9, 5.1, 21].map(said), ["", "", "oblique 5°", "oblique 21°"]);
});

test("without a place there are no letters and no anatomical names", () => {
  for (const unknown of [{ affine: null, placed: false }, { affine: affineOf([2, 1, 0], [1, 1, 1]), placed: false }]) {
    const { planes: all, degrees } = planes.planesOf({ shape: SHAPE, ...unknown });
    assert.deepEqual(plain(all.map(({ name }) => name)), ["slices", "rows", "columns"]);
    assert.deepEqual(plain(all.map(({ letters }) => letters)), [null, null, null]);
    assert.equal(degrees, 0);
  }
});

test("a single picture has its own plane only", () => {
  const { planes: all } = planes.planesOf({ shape: [1, 6, 5], affine: null, placed: false });
  assert.deepEqual(plain(all.map(({ name }) => name)), ["slices"]);
});

test("a position is said by the body's directions", () => {
  assert.equal(planes.position(affineOf([0, 1, 2], [1, -1, -1]), [1, 10, 20]), "R 10.0  P 3.0  I 3.0 mm");
});

test("a box lies on the slices that it touches, in every plane", () => {
  const affine = affineOf([2, 1, 0], [1, 1, -1]); // rows run from posterior to anterior: flipped where shown
  const { planes: all } = planes.planesOf({ shape: SHAPE, affine, placed: true });
  const box = [[1, 2], [3, 5], [0, 1]];
  for (const plane of all) {
    for (let index = 0; index < plane.size[0]; index++) {
      const voxel = planes.toVoxel(plane, [index, 0, 0])[plane.axes[0]];
      const [low, high] = box[plane.axes[0]];
      const place = outlines.boxOn(plane, box, index);
      assert.equal(place !== null, low <= voxel && voxel <= high);
      if (!place) continue;
      const ends = [[place.v, place.u], [place.v + place.height - 1, place.u + place.width - 1]];
      const voxels = ends.map(([row, column]) => planes.toVoxel(plane, [index, row, column]));
      for (const axis of plane.axes.slice(1)) {
        assert.deepEqual(voxels.map((end) => end[axis]).sort(), box[axis]);
      }
    }
  }
});

test("an outline runs along the edges of voxels, around holes too", () => {
  const ring = Uint8Array.from([1, 1, 1, 1, 0, 1, 1, 1, 1]);
  const lines = plain(outlines.edges(ring, 3, 3));
  let length = 0;
  for (let at = 0; at < lines.length; at += 4) {
    length += Math.abs(lines[at] - lines[at + 2]) + Math.abs(lines[at + 1] - lines[at + 3]);
  }
  assert.equal(length, 12 + 4);
  assert.deepEqual(plain(outlines.edges(new Uint8Array(9), 3, 3)), []);
  assert.equal(outlines.edges(Uint8Array.of(0, 0, 0, 1), 2, 2).length, 4 * 4);
});

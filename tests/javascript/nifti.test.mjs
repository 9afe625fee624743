import assert from "node:assert/strict";
import test from "node:test";

import { page, plain } from "./load.mjs";

const { nifti, planes } = page(["viewer_nifti.js", "viewer_planes.js"], { Int16Array, DataView }).lightbox;

const SHAPE = [3, 5, 4];
const AFFINE = [[0, 0.1, -2, 30], [0.2, -3, 0, 10], [4, 0, 0.3, -7]]; // of (slice, row, column)
const GRID = { shape: SHAPE, affine: AFFINE, placed: true, spacing: [4, 3, 2] };
const voxels = Int16Array.from({ length: 60 }, (_, at) => at - 20);

/** What a reader of NIfTI-1 makes of the bytes. */
function read(buffer) {
  const view = new DataView(buffer);
  const size = [1, 2, 3].map((at) => view.getInt16(40 + 2 * at, true));
  const rows = [0, 1, 2].map((row) => [0, 1, 2, 3].map((column) => view.getFloat32(280 + 4 * (4 * row + column), true)));
  return { size, rows, values: new Int16Array(buffer, view.getFloat32(108, true)), type: view.getInt16(70, true), code: view.getInt16(254, true) };
}

test("a voxel lies where the scan's own affine says, with its own value", () => {
  const { size, rows, values, type, code } = read(nifti.file(voxels, GRID));
  assert.deepEqual([size, type, code], [[4, 5, 3], 4, 1]);
  for (const [s, r, c] of [[0, 0, 0], [2, 4, 3], [1, 2, 3]]) {
    const mm = rows.map((row) => row[0] * c + row[1] * r + row[2] * s + row[3]);
    plain(planes.toWorld(AFFINE, [s, r, c])).forEach((value, axis) => assert.ok(Math.abs(value - mm[axis]) < 1e-4));
    assert.equal(values[(s * size[1] + r) * size[0] + c], voxels[(s * 5 + r) * 4 + c]);
  }
});

test("a volume that is too large is thinned, and keeps its size in mm", () => {
  assert.equal(nifti.strideFor([380, 644, 544], 24e6), 2);
  assert.equal(nifti.strideFor([150, 256, 256], 24e6), 1);
  const { size, rows, values } = read(nifti.file(voxels, GRID, 2));
  assert.deepEqual(size, [2, 3, 2]);
  assert.equal(values[(1 * 3 + 2) * 2 + 1], voxels[(2 * 5 + 4) * 4 + 2]);
  assert.ok(Math.abs(rows[0][0] - 2 * AFFINE[0][2]) < 1e-6);
});

test("without a place the volume stands as it is looked at, with the spacing that is known", () => {
  const { rows } = read(nifti.file(voxels, { ...GRID, placed: false, spacing: [null, 3, 2] }));
  assert.deepEqual(rows, [[-2, 0, 0, 0], [0, -3, 0, 0], [0, 0, 1, 0]]);
});

/* Planes of a volume: which voxel axes a slice, its rows and its columns run along, and whose letters stand
   at its edges. Voxels are [slice, row, column] of the array as it is kept, the centre of the first being 0.

   Radiological convention, as the server's own (data/formats/geometry.py): world axes are right, anterior,
   superior, growing; for slices, rows and columns of a plane stands the axis and whether it grows. */

(function (lightbox) {
  "use strict";

  const ANATOMICAL = {
    axial: { label: "Axial", runs: [[2, true], [1, false], [0, false]] },
    coronal: { label: "Coronal", runs: [[1, true], [2, false], [0, false]] },
    sagittal: { label: "Sagittal", runs: [[0, false], [2, false], [1, false]] },
  };
  const UNPLACED = {
    slices: { label: "Slices", axes: [0, 1, 2] },
    rows: { label: "Rows", axes: [1, 0, 2] },
    columns: { label: "Columns", axes: [2, 0, 1] },
  };
  const GROWS = ["R", "A", "S"];
  const FALLS = ["L", "P", "I"];
  const ORDERS = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
  const OBLIQUE_DEGREES = 5;

  /** The direction in the world of each voxel axis, of length one. */
  function directions(affine) {
    return [0, 1, 2].map((axis) => {
      const step = affine.map((row) => row[axis]);
      const length = Math.hypot(...step);
      return step.map((part) => part / length);
    });
  }

  /** For each voxel axis the world axis that it lies closest to, each taken once. */
  function closest(ways) {
    const fit = (order) => order.reduce((sum, world, axis) => sum + Math.abs(ways[axis][world]), 0);
    return ORDERS.reduce((best, order) => (fit(order) > fit(best) + 1e-9 ? order : best));
  }

  /** How far the axes are off the body's, in degrees. */
  function tilt(ways, worlds) {
    const off = ways.map((way, axis) => Math.acos(Math.min(1, Math.abs(way[worlds[axis]]))));
    return (Math.max(...off) * 180) / Math.PI;
  }

  function plane(name, label, axes, flips, shape, letters) {
    return { name, label, axes, flips, size: axes.map((axis) => shape[axis]), letters };
  }

  function anatomical(shape, affine) {
    const ways = directions(affine);
    const worlds = closest(ways);
    const planes = Object.entries(ANATOMICAL).map(([name, { label, runs }]) => {
      const axes = runs.map(([world]) => worlds.indexOf(world));
      const flips = runs.map(([world, grows], run) => ways[axes[run]][world] > 0 !== grows);
      const [down, right] = [runs[1], runs[2]].map(([world, grows]) => (grows ? GROWS : FALLS)[world]);
      const [up, left] = [runs[1], runs[2]].map(([world, grows]) => (grows ? FALLS : GROWS)[world]);
      return plane(name, label, axes, flips, shape, { left, right, top: up, bottom: down });
    });
    return { planes, degrees: tilt(ways, worlds) };
  }

  /** The planes of a volume, that of the acquisition first, and how oblique they lie (0 where unknown).

      By anatomy where the file says how the patient lies (`affine`, three rows to right, anterior, superior
      mm); else named by what runs through them, without letters. A single picture has one plane. */
  function planesOf({ shape, affine, placed }) {
    const known = affine && placed;
    const { planes, degrees } = known
      ? anatomical(shape, affine)
      : {
          planes: Object.entries(UNPLACED).map(([name, { label, axes }]) =>
            plane(name, label, axes, [false, false, false], shape, null)
          ),
          degrees: 0,
        };
    const native = planes.find(({ axes }) => axes[0] === 0);
    const others = planes.filter((other) => other !== native);
    return { planes: shape[0] === 1 ? [native] : [native, ...others], native, degrees };
  }

  const oblique = (degrees) => (degrees >= OBLIQUE_DEGREES ? "oblique " + Math.round(degrees) + "°" : "");

  /** Place in a plane, [slice, row, column], of a voxel; fractions stay fractions. */
  function toPlane({ axes, flips, size }, voxel) {
    return axes.map((axis, run) => (flips[run] ? size[run] - 1 - voxel[axis] : voxel[axis]));
  }

  /** Voxel of a place in a plane. */
  function toVoxel({ axes, flips, size }, place) {
    const voxel = [0, 0, 0];
    axes.forEach((axis, run) => (voxel[axis] = flips[run] ? size[run] - 1 - place[run] : place[run]));
    return voxel;
  }

  /** Where in an array of `shape` a plane's slice begins, and how far its next row and column are. */
  function strides(chosen, shape, index) {
    const step = [shape[1] * shape[2], shape[2], 1];
    const [s, r, c] = toVoxel(chosen, [index, 0, 0]);
    const [, row, column] = chosen.axes.map((axis, run) => step[axis] * (chosen.flips[run] ? -1 : 1));
    return { start: s * step[0] + r * step[1] + c * step[2], row, column };
  }

  /** One slice of a plane (rows by columns) out of a whole array; shares memory where it lies in one piece. */
  function cut(array, shape, chosen, index) {
    const [, rows, columns] = chosen.size;
    const { start, row, column } = strides(chosen, shape, index);
    if (column === 1 && row === columns) return array.subarray(start, start + rows * columns);
    const out = new array.constructor(rows * columns);
    let at = 0;
    for (let down = 0; down < rows; down++) {
      let from = start + down * row;
      for (let across = 0; across < columns; across++, from += column) out[at++] = array[from];
    }
    return out;
  }

  /** Millimetres to the patient's right, anterior and superior of a voxel. */
  function toWorld(affine, voxel) {
    return affine.map((row) => row[0] * voxel[0] + row[1] * voxel[1] + row[2] * voxel[2] + row[3]);
  }

  /** A position in words: "L 12.0  A 3.5  S 40.2 mm". */
  function position(affine, voxel) {
    const words = toWorld(affine, voxel).map(
      (mm, axis) => (mm < 0 ? FALLS : GROWS)[axis] + " " + Math.abs(mm).toFixed(1)
    );
    return words.join("  ") + " mm";
  }

  lightbox.planes = { planesOf, oblique, toPlane, toVoxel, strides, cut, toWorld, position };
})(window.lightbox);

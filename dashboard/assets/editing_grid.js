/* The grid that a mask lies in, and walking through it.

   A grid is { slices, rows, columns, spacing: [mm a slice, row, column] or null }; voxels are in display order
   (slice, row, column). An axis is 0, 1 or 2: a plane is what lies at one index of its axis. Without a spacing
   all lengths are in voxels. */

(function (lightbox) {
  "use strict";

  const editing = (lightbox.editing = lightbox.editing || {});

  const lengths = (grid) => [grid.slices, grid.rows, grid.columns];
  const strides = (grid) => [grid.rows * grid.columns, grid.columns, 1];
  const size = (grid) => grid.slices * grid.rows * grid.columns;
  const spacing = (grid) => grid.spacing || [1, 1, 1];
  const indexOf = (grid, [slice, row, column]) => (slice * grid.rows + row) * grid.columns + column;

  /** The axes of a plane: its rows' and its columns'. */
  const planeAxes = (axis) => [0, 1, 2].filter((other) => other !== axis);

  function placeOf(grid, index) {
    const column = index % grid.columns;
    const above = (index - column) / grid.columns;
    return [Math.floor(above / grid.rows), above % grid.rows, column];
  }

  /** Whether whole numbers of a place are in the grid. */
  function contains(grid, place) {
    return lengths(grid).every((length, axis) => place[axis] >= 0 && place[axis] < length);
  }

  /** The voxel that a place of fractions is in, or null outside the grid. */
  function voxelAt(grid, place) {
    const voxel = place.map((value) => Math.round(value));
    return contains(grid, voxel) ? voxel : null;
  }

  /** Steps to neighbours: of a face or of `corners` too, in the plane of `axis` or in all directions (null). */
  function neighbours(axis, corners) {
    const steps = [];
    for (const slice of [-1, 0, 1]) {
      for (const row of [-1, 0, 1]) {
        for (const column of [-1, 0, 1]) {
          const step = [slice, row, column];
          const moved = step.filter((value) => value).length;
          if (moved && (corners || moved === 1) && (axis === null || !step[axis])) steps.push(step);
        }
      }
    }
    return steps;
  }

  /** The indices reached from `seed` by `steps` over voxels that `accepts(index, slice, row, column)`; `seed` is in.

      `visited` is a byte a voxel, shared between floods that must not meet. Plain numbers and no arrays within:
      a whole tumour is some hundred thousand voxels with 26 neighbours each. */
  function flood(grid, seed, steps, accepts, visited) {
    const seen = visited || new Uint8Array(size(grid));
    const { slices, rows, columns } = grid;
    const ways = Int8Array.from(steps.flat());
    const reached = [seed];
    seen[seed] = 1;
    for (let next = 0; next < reached.length; next++) {
      const from = reached[next];
      const column = from % columns;
      const row = ((from - column) / columns) % rows;
      const slice = Math.floor(from / columns / rows);
      for (let way = 0; way < ways.length; way += 3) {
        const s = slice + ways[way];
        const r = row + ways[way + 1];
        const c = column + ways[way + 2];
        if (s < 0 || s >= slices || r < 0 || r >= rows || c < 0 || c >= columns) continue;
        const index = (s * rows + r) * columns + c;
        if (seen[index] || !accepts(index, s, r, c)) continue;
        seen[index] = 1;
        reached.push(index);
      }
    }
    return reached;
  }

  /** Call `visit(index, u, v)` for each voxel of the plane at `at`; u counts along its rows' axis, v its columns'. */
  function eachOfPlane(grid, axis, at, visit) {
    const [first, second] = planeAxes(axis);
    const step = strides(grid);
    const ends = lengths(grid);
    for (let u = 0; u < ends[first]; u++) {
      const start = at * step[axis] + u * step[first];
      for (let v = 0; v < ends[second]; v++) visit(start + v * step[second], u, v);
    }
  }

  editing.grid = {
    lengths, strides, size, spacing, indexOf, placeOf, contains, voxelAt, planeAxes, neighbours, flood, eachOfPlane,
  };
})(window.lightbox);

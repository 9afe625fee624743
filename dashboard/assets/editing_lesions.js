/* Lesions: the 26-connected pieces of a mask, as the server measures them. */

(function (lightbox) {
  "use strict";

  const editing = (lightbox.editing = lightbox.editing || {});

  /** The voxels of the piece that a marked voxel belongs to; none where it is not marked. */
  function pieceAt(grid, mask, voxel) {
    const seed = editing.grid.indexOf(grid, voxel);
    if (!mask[seed]) return [];
    return editing.grid.flood(grid, seed, editing.grid.neighbours(null, true), (index) => mask[index] === 1);
  }

  /** The sizes of all pieces in voxels, largest first. */
  function sizes(grid, mask) {
    const visited = new Uint8Array(mask.length);
    const steps = editing.grid.neighbours(null, true);
    const counts = [];
    for (let seed = mask.indexOf(1); seed >= 0; seed = mask.indexOf(1, seed + 1)) {
      if (visited[seed]) continue;
      counts.push(editing.grid.flood(grid, seed, steps, (index) => mask[index] === 1, visited).length);
    }
    return counts.sort((a, b) => b - a);
  }

  editing.lesions = { pieceAt, sizes };
})(window.lightbox);

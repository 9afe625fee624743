/* What the picture itself says: growing from a click, and a threshold inside a drawn region. */

(function (lightbox) {
  "use strict";

  const editing = (lightbox.editing = lightbox.editing || {});
  const BINS = 128;

  /** The mean around a voxel, itself and its neighbours in the plane (or in all directions, axis null). */
  function meanAround(grid, picture, voxel, axis) {
    const places = [[0, 0, 0], ...editing.grid.neighbours(axis, true)].map((step) =>
      step.map((value, way) => voxel[way] + value)
    );
    const values = places
      .filter((place) => editing.grid.contains(grid, place))
      .map((place) => picture[editing.grid.indexOf(grid, place)])
      .filter(Number.isFinite);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  }

  /** Voxels connected to a clicked one whose value is within `tolerance` of the mean around it.

      `axis` keeps to the clicked plane, null grows in all directions; never further than `reach` (mm, or voxels
      where their size is not known) from the click. */
  function grow(grid, picture, voxel, { axis, tolerance, reach }) {
    const mm = editing.grid.spacing(grid);
    const mean = meanAround(grid, picture, voxel, axis);
    const alike = (index) => Math.abs(picture[index] - mean) <= tolerance;
    const near = (slice, row, column) => {
      const [across, down, along] = [(slice - voxel[0]) * mm[0], (row - voxel[1]) * mm[1], (column - voxel[2]) * mm[2]];
      return across * across + down * down + along * along <= reach * reach;
    };
    return editing.grid.flood(
      grid, editing.grid.indexOf(grid, voxel), editing.grid.neighbours(axis, false),
      (index, slice, row, column) => alike(index) && near(slice, row, column)
    );
  }

  /** The value that parts these values into two kinds best (Otsu, 1979); null where they are all the same. */
  function otsu(values) {
    const known = values.filter(Number.isFinite);
    const low = known.reduce((least, value) => Math.min(least, value), Infinity);
    const high = known.reduce((most, value) => Math.max(most, value), -Infinity);
    if (!(high > low)) return null;
    const counts = new Array(BINS).fill(0);
    const width = (high - low) / BINS;
    for (const value of known) counts[Math.min(BINS - 1, Math.floor((value - low) / width))]++;
    const whole = counts.reduce((sum, count, bin) => sum + count * bin, 0);
    let [below, sumBelow, best, cut] = [0, 0, -1, 0];
    for (let bin = 0; bin < BINS - 1; bin++) {
      below += counts[bin];
      sumBelow += counts[bin] * bin;
      const above = known.length - below;
      if (!below || !above) continue;
      const apart = sumBelow / below - (whole - sumBelow) / above;
      const variance = below * above * apart * apart;
      if (variance > best) [best, cut] = [variance, bin];
    }
    return low + (cut + 1) * width;
  }

  /** Those of `indices` whose value is from `low` to `high`; null leaves an end open. */
  function between(picture, indices, low, high) {
    return indices.filter(
      (index) =>
        Number.isFinite(picture[index]) && (low === null || picture[index] >= low) && (high === null || picture[index] <= high)
    );
  }

  editing.intensity = { grow, otsu, between };
})(window.lightbox);

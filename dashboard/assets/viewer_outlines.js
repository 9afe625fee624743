/* Outlines of masks as lines between pixels, so that no voxel is hidden by them. */

(function (lightbox) {
  "use strict";

  /** The edges of a mask's slice (rows by columns): [u1, v1, u2, v2, ...], columns and rows of pixel edges. */
  function edges(mask, rows, columns) {
    const lines = [];
    runs(mask, [columns, 1], [rows, columns], (from, to, row) => lines.push(from, row, to, row));
    runs(mask, [rows, columns], [columns, 1], (from, to, column) => lines.push(column, from, column, to));
    return lines;
  }

  /** Tells `add` of every run of edges (from, to, line) between neighbours of which one alone is in the mask.

      Runs go along one axis, a line a border of the other; both are [length, distance of neighbours in the mask]. */
  function runs(mask, [length, step], [lines, skip], add) {
    for (let line = 0; line <= lines; line++) {
      let from = -1;
      for (let place = 0; place <= length; place++) {
        const inside = place < length;
        const before = inside && line > 0 && mask[(line - 1) * skip + place * step] !== 0;
        const behind = inside && line < lines && mask[line * skip + place * step] !== 0;
        if (before !== behind) {
          if (from < 0) from = place;
        } else if (from >= 0) {
          add(from, place, line);
          from = -1;
        }
      }
    }
  }

  /** The rectangle of a lesion's box on a slice of a plane, as edges {u, v, width, height}; null beside it. */
  function boxOn(plane, box, index) {
    const [low, high] = [0, 1].map((end) => lightbox.planes.toPlane(plane, box.map((range) => range[end])));
    const [[s1, s2], [r1, r2], [c1, c2]] = low.map((value, run) => [value, high[run]].sort((a, b) => a - b));
    if (index < s1 || index > s2) return null;
    return { u: c1, v: r1, width: c2 - c1 + 1, height: r2 - r1 + 1 };
  }

  lightbox.outlines = { edges, boxOn };
})(window.lightbox);

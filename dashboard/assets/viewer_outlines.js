/* Outlines of masks as lines between pixels, so that no voxel is hidden by them. */

(function (lightbox) {
  "use strict";

  /** The edges of a mask's slice (rows by columns): [u1, v1, u2, v2, ...], columns and rows of pixel edges. */
  function edges(mask, rows, columns) {
    const lines = [];
    across(mask, rows, columns, lines);
    down(mask, rows, columns, lines);
    return lines;
  }

  function across(mask, rows, columns, lines) {
    for (let row = 0; row <= rows; row++) {
      let from = -1;
      for (let column = 0; column <= columns; column++) {
        const inside = column < columns;
        const above = inside && row > 0 && mask[(row - 1) * columns + column] !== 0;
        const below = inside && row < rows && mask[row * columns + column] !== 0;
        if (above !== below) {
          if (from < 0) from = column;
        } else if (from >= 0) {
          lines.push(from, row, column, row);
          from = -1;
        }
      }
    }
  }

  function down(mask, rows, columns, lines) {
    for (let column = 0; column <= columns; column++) {
      let from = -1;
      for (let row = 0; row <= rows; row++) {
        const inside = row < rows;
        const left = inside && column > 0 && mask[row * columns + column - 1] !== 0;
        const right = inside && column < columns && mask[row * columns + column] !== 0;
        if (left !== right) {
          if (from < 0) from = row;
        } else if (from >= 0) {
          lines.push(column, from, column, row);
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

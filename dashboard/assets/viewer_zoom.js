/* How a slice lies in its frame: fitted, zoomed, moved, mirrored, turned. Lengths are CSS pixels.

   Edges of pixels are whole numbers: pixel (row, column) covers [column, column + 1). A matrix [a, b, c, d, e, f]
   takes (column, row) edges to the frame, as Canvas has it. */

(function (lightbox) {
  "use strict";

  const MOST_ZOOM = 16;
  const BAR_PIXELS = 120; // the longest that a scale bar should be
  const whole = () => ({ zoom: 1, pan: [0, 0], mirrored: false, turns: 0 });

  /** Width and height of a picture in mm (or pixels), as it stands after its quarter turns. */
  function extent(size, mm, { turns }) {
    const [wide, high] = [size[1] * mm[1], size[0] * mm[0]];
    return turns % 2 ? [high, wide] : [wide, high];
  }

  /** Pixels of the frame for a mm at which the whole picture just fits. */
  function fitScale(size, mm, frame, view) {
    const [wide, high] = extent(size, mm, view);
    return Math.min(frame[0] / wide, frame[1] / high);
  }

  /** The matrix of a picture of `size` (rows, columns) with `mm` a pixel (row, column) in a frame. */
  function matrix(size, mm, frame, view) {
    const scale = fitScale(size, mm, frame, view) * view.zoom;
    const cos = [1, 0, -1, 0][view.turns];
    const sin = [0, 1, 0, -1][view.turns];
    const side = view.mirrored ? -1 : 1;
    const [a, b] = [cos * side * scale * mm[1], sin * side * scale * mm[1]];
    const [c, d] = [-sin * scale * mm[0], cos * scale * mm[0]];
    const [u, v] = [size[1] / 2, size[0] / 2];
    const [x, y] = [frame[0] / 2 + view.pan[0], frame[1] / 2 + view.pan[1]];
    return [a, b, c, d, x - a * u - c * v, y - b * u - d * v];
  }

  const apply = ([a, b, c, d, e, f], [u, v]) => [a * u + c * v + e, b * u + d * v + f];

  function unapply([a, b, c, d, e, f], [x, y]) {
    const area = a * d - b * c;
    const [left, up] = [x - e, y - f];
    return [(d * left - c * up) / area, (a * up - b * left) / area];
  }

  /** The same view with the picture covering all that it covered when it was fitted. */
  function bounded(size, mm, frame, view) {
    const zoom = Math.min(MOST_ZOOM, Math.max(1, view.zoom));
    const fitted = extent(size, mm, view).map((length) => length * fitScale(size, mm, frame, view));
    const pan = view.pan.map((moved, axis) => {
      const most = (fitted[axis] * (zoom - 1)) / 2;
      return Math.min(most, Math.max(-most, moved));
    });
    return { ...view, zoom, pan };
  }

  /** Zoomed by a factor; what lies under (x, y) of the frame stays there. */
  function zoomedAt(size, mm, frame, view, factor, [x, y]) {
    const zoom = Math.min(MOST_ZOOM, Math.max(1, view.zoom * factor));
    const ratio = zoom / view.zoom;
    const at = [x - frame[0] / 2, y - frame[1] / 2];
    const pan = view.pan.map((moved, axis) => at[axis] - (at[axis] - moved) * ratio);
    return bounded(size, mm, frame, { ...view, zoom, pan });
  }

  /** Letters at the edges of a mirrored or turned picture. */
  function turnedLetters(letters, { mirrored, turns }) {
    if (!letters) return null;
    const round = [letters.top, letters.right, letters.bottom, letters.left];
    if (mirrored) [round[1], round[3]] = [round[3], round[1]];
    const [top, right, bottom, left] = [0, 1, 2, 3].map((edge) => round[(edge + 4 - turns) % 4]);
    return { top, right, bottom, left };
  }

  /** A round length in mm that is at most `BAR_PIXELS` long, and its pixels. */
  function scaleBar(pixelsPerMm) {
    const most = BAR_PIXELS / pixelsPerMm;
    const power = 10 ** Math.floor(Math.log10(most));
    const mm = [5, 2, 1].map((digit) => digit * power).find((length) => length <= most) || power;
    return { mm, pixels: mm * pixelsPerMm };
  }

  lightbox.zoom = { whole, matrix, apply, unapply, bounded, zoomedAt, turnedLetters, scaleBar, fitScale };
})(window.lightbox);

/* The viewer's arithmetic: which pictures a slice is made of, which come next, where marks lie. */

(function (lightbox) {
  "use strict";

  const NEAR = [1, -1, 2, 3, 4, -2, 5, 6, -3, 7, 8, 9, 10]; // fetched ahead, in this order
  const WHEEL_STEP = 40; // pixels of turning for one slice
  const STEPS = 256; // of the window's slider
  const DIGITS = 6; // of a window's ends in an address

  function query(values) {
    const text = new URLSearchParams(values).toString();
    return text ? "?" + text : "";
  }

  const covers = (lesion, index) => lesion.slices[0] <= index && index <= lesion.slices[1];

  /** The address of each layer of a slice, null for a layer that is off or has nothing there. */
  function layersOf({ data, layers, source, window }, index) {
    const mask = data.sources[source];
    const there = mask && (mask.everywhere || mask.lesions.some((lesion) => covers(lesion, index)));
    const version = there ? query({ layer: source, v: mask.version }) : "";
    return {
      slice: data.base + "/slice/" + index + ".png" + query(window),
      heatmap: data.heatmap && layers.has("heatmap") ? data.base + "/heatmap.png" + query({ v: data.heatmap }) : null,
      mask: there && layers.has("mask") ? data.base + "/mask/" + index + ".png" + version : null,
      outline: there && layers.has("outline") ? data.base + "/outline/" + index + ".png" + version : null,
    };
  }

  /** The slices to fetch ahead of need, those first that scrolling on would show next. */
  function neighbours(index, slices, forward) {
    const way = forward === false ? -1 : 1;
    return NEAR.map((step) => index + step * way).filter((next) => 0 <= next && next < slices);
  }

  /** A slice's index within the scan. */
  const within = (index, slices) => Math.min(slices - 1, Math.max(0, index));

  /** How many slices a turned wheel moves by, and what is left of the turning. */
  function turned(before, delta, isPixels) {
    const whole = before + (isPixels ? delta : delta * WHEEL_STEP);
    const steps = Math.trunc(whole / WHEEL_STEP);
    return { steps, rest: whole - steps * WHEEL_STEP };
  }

  /** The largest size in a frame for pictures of an aspect, width by height. */
  function fitted(width, height, aspect) {
    const wide = Math.min(width, height * aspect);
    return { width: wide, height: wide / aspect };
  }

  /** The window that a slider chose as part of an address; {} for the scan's own. */
  function windowOf(chosen, { low, high, min, max }) {
    const step = (max - min) / STEPS || 1;
    const close = (value, other) => Math.abs(value - other) < step;
    const own = !chosen || chosen[1] <= chosen[0] || (close(chosen[0], low) && close(chosen[1], high));
    return own ? {} : { low: Number(chosen[0].toPrecision(DIGITS)), high: Number(chosen[1].toPrecision(DIGITS)) };
  }

  // Pixel (row, column) covers [column, column + 1): its centre is half a pixel in.
  function line([[row1, column1], [row2, column2]], look) {
    return { kind: "line", look, at: { x1: column1 + 0.5, y1: row1 + 0.5, x2: column2 + 0.5, y2: row2 + 0.5 } };
  }

  function box(lesion) {
    const [[top, bottom], [left, right]] = [lesion.rows, lesion.columns];
    return { kind: "rect", look: "lb-box", at: { x: left, y: top, width: right - left + 1, height: bottom - top + 1 } };
  }

  /** Boxes of the lesions on a slice, and diameters where a lesion is largest, as shapes in pixels. */
  function marks(lesions, index, layers) {
    return lesions.flatMap((lesion) => [
      ...(layers.has("box") && covers(lesion, index) ? [box(lesion)] : []),
      ...(layers.has("diameters") && index === lesion.largest
        ? [line(lesion.longest, "lb-longest"), line(lesion.perpendicular, "lb-perpendicular")]
        : []),
    ]);
  }

  lightbox.geometry = { query, layersOf, neighbours, within, turned, fitted, windowOf, marks };
})(window.lightbox);

/* Interpolation between edited slices, by shape: signed distances of two outlines are blended (Raya and Udupa, 1990).

   Only what was edited moves. On an edited slice it is the pieces that differ from the mask that one started
   with; on a slice between, pieces that the interpolated shape overlaps give way to it and others stay. */

(function (lightbox) {
  "use strict";

  const editing = (lightbox.editing = lightbox.editing || {});
  const FAR = 1e20;

  /** Squared distances along a line, of the lower envelope of parabolas (Felzenszwalb and Huttenlocher, 2012). */
  function alongLine(values, mm) {
    const count = values.length;
    const vertices = new Int32Array(count);
    const bounds = new Float64Array(count + 1);
    const meets = (left, right) =>
      (values[left] - values[right] + mm * mm * (left * left - right * right)) / (2 * mm * mm * (left - right));
    let last = 0;
    [bounds[0], bounds[1]] = [-FAR, FAR];
    for (let place = 1; place < count; place++) {
      let bound = meets(place, vertices[last]);
      while (last > 0 && bound <= bounds[last]) bound = meets(place, vertices[--last]);
      vertices[++last] = place;
      [bounds[last], bounds[last + 1]] = [bound, FAR];
    }
    const nearest = new Float64Array(count);
    for (let place = 0, vertex = 0; place < count; place++) {
      while (bounds[vertex + 1] < place) vertex++;
      const away = (place - vertices[vertex]) * mm;
      nearest[place] = away * away + values[vertices[vertex]];
    }
    return nearest;
  }

  /** The distance of each pixel to the nearest whose `shape` is `value`, in mm. */
  function distances(shape, value, [height, width], [rowMm, columnMm]) {
    const squared = new Float64Array(shape.length);
    for (let pixel = 0; pixel < shape.length; pixel++) squared[pixel] = shape[pixel] === value ? 0 : FAR;
    for (let v = 0; v < width; v++) {
      const line = new Float64Array(height);
      for (let u = 0; u < height; u++) line[u] = squared[u * width + v];
      alongLine(line, rowMm).forEach((distance, u) => (squared[u * width + v] = distance));
    }
    for (let u = 0; u < height; u++) {
      squared.set(alongLine(squared.slice(u * width, (u + 1) * width), columnMm), u * width);
    }
    return squared.map(Math.sqrt);
  }

  /** Distances to a shape's outline: below zero inside, above outside. */
  function signed(shape, size, mm) {
    const inside = distances(shape, 0, size, mm);
    return distances(shape, 1, size, mm).map((outside, pixel) => outside - inside[pixel]);
  }

  /** One plane of a mask as an own picture of bytes. */
  function planeOf(grid, axis, at, mask) {
    const ends = editing.grid.planeAxes(axis).map((way) => editing.grid.lengths(grid)[way]);
    const plane = new Uint8Array(ends[0] * ends[1]);
    editing.grid.eachOfPlane(grid, axis, at, (index, u, v) => (plane[u * ends[1] + v] = mask[index]));
    return plane;
  }

  /** The 8-connected pieces of `plane` that a pixel of `marks` lies in. */
  function touched(plane, marks, [height, width]) {
    const flat = { slices: 1, rows: height, columns: width, spacing: null };
    const steps = editing.grid.neighbours(0, true);
    const visited = new Uint8Array(plane.length);
    const kept = new Uint8Array(plane.length);
    for (let seed = marks.indexOf(1); seed >= 0; seed = marks.indexOf(1, seed + 1)) {
      if (visited[seed] || !plane[seed]) continue;
      for (const pixel of editing.grid.flood(flat, seed, steps, (next) => plane[next] === 1, visited)) kept[pixel] = 1;
    }
    return kept;
  }

  /** What of an edited slice was edited, as a picture. */
  function editedShape(before, after, size) {
    const changed = after.map((pixel, place) => (pixel === before[place] ? 0 : 1));
    const either = after.map((pixel, place) => pixel | before[place]);
    return touched(either, changed, size).map((pixel, place) => pixel & after[place]);
  }

  function between(first, second, part, plane, size) {
    const shape = plane.map((_, pixel) => ((1 - part) * first[pixel] + part * second[pixel] <= 0 ? 1 : 0));
    const replaced = touched(plane, shape, size);
    return shape.map((pixel, place) => (pixel || (plane[place] && !replaced[place]) ? 1 : 0));
  }

  /** The slices of `axis` on which two masks differ, in order. */
  function editedSlices(grid, axis, before, after) {
    const step = editing.grid.strides(grid)[axis];
    const length = editing.grid.lengths(grid)[axis];
    const edited = new Uint8Array(length);
    for (let index = 0; index < after.length; index++) {
      if (before[index] !== after[index]) edited[Math.floor(index / step) % length] = 1;
    }
    return [...edited.keys()].filter((at) => edited[at]);
  }

  /** The slices of `axis` between neighbouring edited ones, drawn anew: a list of { at, plane }.

      `before` is the mask that one started with, `after` as it is now; slices that were edited stay. */
  function interpolated(grid, axis, before, after) {
    const ways = editing.grid.planeAxes(axis);
    const size = ways.map((way) => editing.grid.lengths(grid)[way]);
    const mm = ways.map((way) => editing.grid.spacing(grid)[way]);
    const drawn = [];
    let last = null;
    for (const at of editedSlices(grid, axis, before, after)) {
      const shape = editedShape(planeOf(grid, axis, at, before), planeOf(grid, axis, at, after), size);
      const edited = shape.includes(1) ? { at: at, distances: null, shape: shape } : null;
      if (last && edited && at - last.at > 1) {
        for (const end of [last, edited]) end.distances = end.distances || signed(end.shape, size, mm);
        for (let next = last.at + 1; next < at; next++) {
          const part = (next - last.at) / (at - last.at);
          const plane = planeOf(grid, axis, next, after);
          drawn.push({ at: next, plane: between(last.distances, edited.distances, part, plane, size) });
        }
      }
      last = edited;
    }
    return drawn;
  }

  /** Draw the slices between edited ones into an editable mask; returns how many slices were drawn. */
  function apply(mask, axis, before) {
    const drawn = interpolated(mask.grid, axis, before, mask.voxels);
    const width = editing.grid.lengths(mask.grid)[editing.grid.planeAxes(axis)[1]];
    for (const { at, plane } of drawn) {
      editing.grid.eachOfPlane(mask.grid, axis, at, (index, u, v) => mask.set(index, plane[u * width + v]));
    }
    return drawn.length;
  }

  editing.interpolate = { signed, interpolated, apply };
})(window.lightbox);

/* Which voxels a stroke, a drawn outline or a click in a plane means. Everything gives indices; nothing is set here. */

(function (lightbox) {
  "use strict";

  const editing = (lightbox.editing = lightbox.editing || {});

  function within(low, high, length) {
    return [Math.max(0, Math.ceil(low)), Math.min(length - 1, Math.floor(high))];
  }

  /** How far a point is from the segment between two, all in mm. */
  function distance(x, y, [x1, y1], [x2, y2]) {
    const [dx, dy] = [x2 - x1, y2 - y1];
    const squared = dx * dx + dy * dy;
    const part = squared ? Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / squared)) : 0;
    return Math.hypot(x - x1 - part * dx, y - y1 - part * dy);
  }

  /** Voxels that the pointer itself went over, so that no brush is too thin to leave a trace. */
  function passed(grid, axis, from, to) {
    const [first, second] = editing.grid.planeAxes(axis);
    const steps = Math.ceil(2 * Math.max(Math.abs(to[first] - from[first]), Math.abs(to[second] - from[second])));
    const indices = [];
    for (let step = 0; step <= steps; step++) {
      const part = steps ? step / steps : 0;
      const place = from.map((value, way) => value + part * (to[way] - value));
      place[axis] = from[axis];
      const voxel = editing.grid.voxelAt(grid, place);
      if (voxel) indices.push(editing.grid.indexOf(grid, voxel));
    }
    return indices;
  }

  /** The voxels of a plane within `radius` (mm; voxels where the size is not known) of the way between two places.

      Exact for any speed of the pointer: the ends are places of two events, in fractions of voxels. */
  function stroke(grid, axis, from, to, radius) {
    const [first, second] = editing.grid.planeAxes(axis);
    const mm = editing.grid.spacing(grid);
    const lengths = editing.grid.lengths(grid);
    const at = Math.round(from[axis]);
    if (at < 0 || at >= lengths[axis]) return [];
    const step = editing.grid.strides(grid);
    const ends = [from, to].map((place) => [place[first] * mm[first], place[second] * mm[second]]);
    const range = (way) => {
      const places = [from[way], to[way]];
      const reach = radius / mm[way];
      return within(Math.min(...places) - reach, Math.max(...places) + reach, lengths[way]);
    };
    const [top, bottom] = range(first);
    const [left, right] = range(second);
    const indices = passed(grid, axis, from, to);
    for (let u = top; u <= bottom; u++) {
      for (let v = left; v <= right; v++) {
        if (distance(u * mm[first], v * mm[second], ends[0], ends[1]) > radius) continue;
        indices.push(at * step[axis] + u * step[first] + v * step[second]);
      }
    }
    return indices;
  }

  /** Where a closed outline crosses a row: [place along the row, way of crossing], in order. */
  function crossings(outline, u) {
    const met = [];
    outline.forEach(([u1, v1], number) => {
      const [u2, v2] = outline[(number + 1) % outline.length];
      if (u1 <= u === u2 <= u) return;
      met.push([v1 + ((u - u1) / (u2 - u1)) * (v2 - v1), u2 > u1 ? 1 : -1]);
    });
    return met.sort((a, b) => a[0] - b[0]);
  }

  /** The voxels of a plane whose centres lie in a closed outline of places.

      An outline that crosses itself keeps what it goes round (non-zero winding), so that one whose end
      overlaps its beginning has no hole there. */
  function enclosed(grid, axis, at, places) {
    const [first, second] = editing.grid.planeAxes(axis);
    const lengths = editing.grid.lengths(grid);
    if (places.length < 3 || at < 0 || at >= lengths[axis]) return [];
    const outline = places.map((place) => [place[first], place[second]]);
    const rows = outline.map(([u]) => u);
    const [top, bottom] = within(Math.min(...rows), Math.max(...rows), lengths[first]);
    const step = editing.grid.strides(grid);
    const indices = [];
    for (let u = top; u <= bottom; u++) {
      let winding = 0;
      const met = crossings(outline, u);
      for (let number = 0; number + 1 < met.length; number++) {
        winding += met[number][1];
        if (!winding) continue;
        const [left, right] = within(met[number][0], met[number + 1][0], lengths[second]);
        for (let v = left; v <= right; v++) indices.push(at * step[axis] + u * step[first] + v * step[second]);
      }
    }
    return indices;
  }

  /** The unmarked area of a plane around a voxel that the mask closes in; null where it reaches the picture's edge. */
  function hole(grid, axis, voxel, mask) {
    const ways = editing.grid.planeAxes(axis);
    const lengths = editing.grid.lengths(grid);
    const atEdge = (place) => ways.some((way) => place[way] === 0 || place[way] === lengths[way] - 1);
    const seed = editing.grid.indexOf(grid, voxel);
    if (mask[seed]) return [];
    let open = atEdge(voxel);
    const reached = editing.grid.flood(grid, seed, editing.grid.neighbours(axis, false), (index, ...place) => {
      if (mask[index]) return false;
      open = open || atEdge(place);
      return !open;
    });
    return open ? null : reached;
  }

  editing.brush = { stroke, enclosed, hole };
})(window.lightbox);

/* The arithmetic of hand measurements: sizes of points in mm, and where the points go while somebody drags.

   Points are [slice, row, column] of the scan, the first voxel's centre being 0. `steps` is how far the next
   voxel along each of these axes lies, a vector in mm, null where the scan does not say; the server measures
   by the same steps (models/annotation_values.py), and what it answers is what stays. */

(function (lightbox) {
  "use strict";

  const LINES = { ruler: [[0, 1]], bidirectional: [[0, 1], [2, 3]], angle: [[0, 1], [1, 2]] };
  const SHORT = 0.5; // of the first diameter the second one is at first

  const minus = (a, b) => a.map((value, axis) => value - b[axis]);
  const plus = (a, b, times = 1) => a.map((value, axis) => value + times * b[axis]);
  const dot = (a, b) => a.reduce((sum, value, axis) => sum + value * b[axis], 0);
  const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  const length = (a) => Math.sqrt(dot(a, a));

  // ---- sizes ---------------------------------------------------------------------------------

  const known = (points, steps) =>
    steps.every((step, axis) => step || points.every((point) => point[axis] === points[0][axis]));

  /** A difference of points in mm; in voxels where `mm` is false. */
  function inBody(apart, steps, mm) {
    if (!mm) return apart;
    return steps.reduce((sum, step, axis) => (step ? plus(sum, step, apart[axis]) : sum), [0, 0, 0]);
  }

  function degrees(first, second) {
    return (Math.atan2(length(cross(first, second)), dot(first, second)) * 180) / Math.PI;
  }

  /** { unit, length, perpendicular, angle } of a kind: lengths in mm, or px where the spacing is unknown. */
  function values(kind, points, steps) {
    const mm = known(points, steps);
    const vector = (from, to) => inBody(minus(points[to], points[from]), steps, mm);
    const unit = mm ? "mm" : "px";
    if (kind === "angle") return { unit, length: null, perpendicular: null, angle: degrees(vector(1, 0), vector(1, 2)) };
    const lengths = LINES[kind].map(([from, to]) => length(vector(from, to))).sort((a, b) => b - a);
    return { unit, length: lengths[0], perpendicular: lengths[1] ?? null, angle: null };
  }

  /** "34.2 mm", "34.2 × 12.1 mm" or "57.3°", as the server says it. */
  function words({ unit, length: long, perpendicular, angle }) {
    if (angle !== null) return angle.toFixed(1) + "°";
    return [long, perpendicular].filter((each) => each !== null).map((each) => each.toFixed(1)).join(" × ") + " " + unit;
  }

  // ---- places --------------------------------------------------------------------------------

  const acrossOf = (axis) => [0, 1, 2].filter((other) => other !== axis);

  /** A point brought back onto the picture of its slice. */
  function within(point, shape) {
    return point.map((value, axis) => Math.min(shape[axis] - 0.5, Math.max(-0.5, value)));
  }

  /** The direction, of length 1 (mm, or pixels), across a line within its slice; null for a line without length. */
  function acrossLine(line, axis, steps, mm) {
    const [u, v] = acrossOf(axis);
    const unit = (along) => inBody([0, 1, 2].map((other) => Number(other === along)), steps, mm);
    const body = inBody(line, steps, mm);
    const way = [0, 0, 0];
    [way[u], way[v]] = [-dot(body, unit(v)), dot(body, unit(u))];
    const size = length(inBody(way, steps, mm));
    return size ? way.map((value) => value / size) : null;
  }

  /** How far from `foot` along `way` the picture goes, at most `far`. */
  function reach(foot, way, far, shape) {
    const sign = Math.sign(far);
    return way.reduce((most, value, axis) => {
      if (!value) return most;
      const edge = value * sign > 0 ? shape[axis] - 0.5 : -0.5;
      return sign * Math.min(Math.abs(most), Math.abs((edge - foot[axis]) / value));
    }, far);
  }

  /** Two diameters by their parts: the first one's ends, where on it the second one stands (0 to 1), and how far
      that reaches to both sides (mm, or pixels; `near` below 0). */
  function composed({ start, end, at, near, far }, { axis, steps, shape }) {
    const line = minus(end, start);
    const way = acrossLine(line, axis, steps, known([start, end, plus(start, acrossAxes(axis))], steps));
    if (!way) return [start, end, start, start];
    const foot = plus(start, line, at);
    return [start, end, ...[near, far].map((side) => plus(foot, way, side ? reach(foot, way, side, shape) : 0))];
  }

  const acrossAxes = (axis) => [0, 1, 2].map((other) => Number(other !== axis));

  function parts(points, { axis, steps }) {
    const [start, end] = points;
    const mm = known([start, end, plus(start, acrossAxes(axis))], steps);
    const line = inBody(minus(end, start), steps, mm);
    const way = acrossLine(minus(end, start), axis, steps, mm);
    const body = (point) => inBody(minus(point, start), steps, mm);
    const side = (point) => (way ? dot(body(point), inBody(way, steps, mm)) : 0);
    const along = (point) => (dot(line, line) ? dot(body(point), line) / dot(line, line) : 0.5);
    return { start, end, along, side, at: along(points[2]), near: side(points[2]), far: side(points[3]) };
  }

  /** The second diameter that a first one gets: across its middle, half as long. */
  function crossed(start, end, place) {
    const half = (values("ruler", [start, end], stepsInPlane(place)).length * SHORT) / 2;
    return composed({ start, end, at: 0.5, near: -half, far: half }, place);
  }

  /** The steps that count on a slice: none where one of its two axes has none, as for `acrossLine`. */
  function stepsInPlane({ axis, steps }) {
    return acrossOf(axis).every((other) => steps[other]) ? steps : [null, null, null];
  }

  /** The points after point `handle` was dragged to `to`; two diameters stay perpendicular. */
  function dragged(kind, points, handle, to, place) {
    const target = within(to, place.shape);
    if (kind !== "bidirectional") return points.map((point, order) => (order === handle ? target : point));
    const before = parts(points, place);
    if (handle < 2) {
      const [start, end] = handle ? [points[0], target] : [target, points[1]];
      return composed({ ...before, start, end }, place);
    }
    const at = Math.min(1, Math.max(0, before.along(target)));
    const side = before.side(target);
    const sides = handle === 2 ? { near: Math.min(0, side) } : { far: Math.max(0, side) };
    return composed({ ...before, at, ...sides }, place);
  }

  /** The points all moved by `by`, as far as every one stays on the picture. */
  function shifted(points, by, shape) {
    const allowed = by.map((value, axis) => {
      const [low, high] = [Math.min(...points.map((point) => point[axis])), Math.max(...points.map((point) => point[axis]))];
      return Math.min(shape[axis] - 0.5 - high, Math.max(-0.5 - low, value));
    });
    return points.map((point) => plus(point, allowed));
  }

  // ---- hits ----------------------------------------------------------------------------------

  function toLine([x, y], [x1, y1], [x2, y2]) {
    const [dx, dy] = [x2 - x1, y2 - y1];
    const at = Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy || 1)));
    return Math.hypot(x - x1 - at * dx, y - y1 - at * dy);
  }

  /** What of drawn measurements ({ id, kind, places: [[x, y], ...] }) lies under (x, y): { id, handle }, a
      handle before a line (handle null), or null. Of several the last one drawn. */
  function hit(drawn, at, radius) {
    const last = [...drawn].reverse();
    for (const { id, places } of last) {
      const handle = places.findIndex(([x, y]) => Math.hypot(x - at[0], y - at[1]) <= radius);
      if (handle >= 0) return { id, handle };
    }
    const line = last.find(({ kind, places }) =>
      LINES[kind].some(([from, to]) => toLine(at, places[from], places[to]) <= radius / 2)
    );
    return line ? { id: line.id, handle: null } : null;
  }

  lightbox.measuring = Object.assign(lightbox.measuring ?? {}, { LINES, values, words, within, crossed, dragged, shifted, hit });
})(window.lightbox);

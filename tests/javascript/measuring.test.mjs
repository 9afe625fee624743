import assert from "node:assert/strict";
import { test } from "node:test";

import { page, plain } from "./load.mjs";

const { measuring } = page(["measuring_geometry.js"]).lightbox;
const STEPS = [[0, 0, 3], [0, -2, 0], [-1, 0, 0]]; // 3 x 2 x 1 mm
const UNKNOWN = [null, null, null];
const SHAPE = [24, 60, 48];
const PLACE = { axis: 0, steps: STEPS, shape: SHAPE };

const near = (actual, expected, by = 1e-9) => assert.ok(Math.abs(actual - expected) <= by, actual + " is not " + expected);
const said = (kind, points, steps = STEPS) => measuring.words(measuring.values(kind, points, steps));

test("a ruler is as long as the spacing says, in every plane", () => {
  assert.equal(said("ruler", [[4, 10, 10], [4, 10, 25]]), "15.0 mm");
  assert.equal(said("ruler", [[4, 10, 10], [4, 25, 10]]), "30.0 mm");
  assert.equal(said("ruler", [[2, 10, 7], [12, 10, 7]]), "30.0 mm");
  assert.equal(said("ruler", [[4, 10, 10], [8, 10, 15]]), "13.0 mm");
  assert.equal(said("ruler", [[4, 10, 10], [8, 12.5, 10]]), "13.0 mm");
});

test("without spacing there are pixels, and a lone picture has mm in its plane alone", () => {
  assert.equal(said("ruler", [[0, 3, 4], [0, 6, 8]], UNKNOWN), "5.0 px");
  const lone = [null, [0, 0.5, 0], [0, 0, 0.25]];
  assert.equal(said("ruler", [[0, 0, 0], [0, 6, 16]], lone), "5.0 mm");
  assert.equal(said("ruler", [[0, 0, 0], [3, 0, 4]], lone), "5.0 px");
});

test("in a sheared grid lengths are those of the body", () => {
  const steps = [[0, 0.5, 2], [0, -1, 0], [-1, 0, 0]];
  near(measuring.values("ruler", [[0, 8, 8], [4, 8, 8]], steps).length, 4 * Math.hypot(0.5, 2));
});

test("angles are those in the body", () => {
  assert.equal(said("angle", [[3, 5, 5], [3, 5, 9], [3, 7, 5]]), "45.0°");
  assert.equal(said("angle", [[0, 0, 5], [0, 0, 0], [0, 5, 0]], UNKNOWN), "90.0°");
  assert.equal(said("angle", [[0, 0, 5], [0, 0, 0], [0, 0, 9]]), "0.0°");
  assert.equal(said("angle", [[0, 0, 9], [0, 0, 5], [0, 0, 1]]), "180.0°");
});

function isPerpendicular([start, end, first, second], steps) {
  if (start.every((value, axis) => value === end[axis]) || first.every((value, axis) => value === second[axis])) return true;
  const corner = [end, start, start.map((value, axis) => value + second[axis] - first[axis])];
  return Math.abs(measuring.values("angle", corner, steps).angle - 90) < 1e-6;
}

test("the second diameter stands across the middle of the first, half as long, whatever the spacing", () => {
  for (const steps of [STEPS, UNKNOWN, [[0, 0.5, 2], [0, -1, 0.2], [-1, 0.3, 0]]]) {
    for (const axis of [0, 1, 2]) {
      const start = [10, 20, 20];
      const end = start.map((value, other) => (other === axis ? value : value + 3 + other));
      const points = measuring.crossed(start, end, { axis, steps, shape: [100, 100, 100] });
      const { length, perpendicular } = measuring.values("bidirectional", points, steps);
      near(perpendicular, length / 2, 1e-6);
      assert.ok(isPerpendicular(points, steps));
      const middle = [0, 1, 2].map((other) => (points[2][other] + points[3][other]) / 2);
      middle.forEach((value, other) => near(value, (start[other] + end[other]) / 2, 1e-6));
      points.forEach((point) => assert.equal(point[axis], start[axis]));
    }
  }
});

test("dragging any end keeps two diameters perpendicular, and the other one's length and place", () => {
  const points = measuring.crossed([4, 20, 10], [4, 20, 30], PLACE);
  const turned = measuring.dragged("bidirectional", points, 1, [4, 35, 28], PLACE);
  assert.ok(isPerpendicular(turned, STEPS));
  near(measuring.values("ruler", turned.slice(2), STEPS).length, 10);
  const moved = measuring.dragged("bidirectional", points, 3, [4, 25, 15], PLACE);
  assert.ok(isPerpendicular(moved, STEPS));
  assert.deepEqual(plain(moved.slice(0, 2)), plain(points.slice(0, 2)));
  near(moved[2][2], 15, 1e-9); // both ends go along to where the pointer is
  near(moved[3][2], 15, 1e-9);
  const side = points[3][1] > 20 ? 1 : -1;
  const far = measuring.dragged("bidirectional", points, 3, [4, 20 + side * 8, 20], PLACE);
  near(measuring.values("ruler", far.slice(2), STEPS).length, 16 + 5);
  const over = measuring.dragged("bidirectional", points, 3, [4, 20 - side * 8, 20], PLACE);
  near(measuring.values("ruler", over.slice(2), STEPS).length, 5); // not past the line
});

test("the second diameter ends where the picture ends", () => {
  const points = measuring.crossed([4, 1, 2], [4, 1, 40], PLACE);
  assert.ok(isPerpendicular(points, STEPS));
  for (const point of points) assert.deepEqual(plain(measuring.within(point, SHAPE)).map((v) => v.toFixed(6)), plain(point).map((v) => v.toFixed(6)));
  near(Math.min(points[2][1], points[3][1]), -0.5);
});

test("points are brought back onto the picture", () => {
  assert.deepEqual(plain(measuring.within([4, -7, 90], SHAPE)), [4, -0.5, 47.5]);
  assert.deepEqual(plain(measuring.dragged("ruler", [[4, 1, 1], [4, 2, 2]], 1, [4, 99, 3], PLACE)), [[4, 1, 1], [4, 59.5, 3]]);
});

test("a whole measurement is moved as far as all of it stays on the picture", () => {
  const points = [[4, 10, 10], [4, 50, 30]];
  assert.deepEqual(plain(measuring.shifted(points, [0, 3, -2], SHAPE)), [[4, 13, 8], [4, 53, 28]]);
  assert.deepEqual(plain(measuring.shifted(points, [0, 30, -20], SHAPE)), [[4, 19.5, -0.5], [4, 59.5, 19.5]]);
});

test("a press hits a handle before a line, and the last that was drawn", () => {
  const drawn = [
    { id: "a", kind: "ruler", places: [[0, 0], [100, 0]] },
    { id: "b", kind: "ruler", places: [[50, 0], [50, 80]] },
    { id: "c", kind: "angle", places: [[200, 0], [200, 50], [250, 50]] },
  ];
  const hit = (x, y) => plain(measuring.hit(drawn, [x, y], 8));
  assert.deepEqual(hit(3, 4), { id: "a", handle: 0 });
  assert.deepEqual(hit(52, 1), { id: "b", handle: 0 });
  assert.deepEqual(hit(25, 3), { id: "a", handle: null });
  assert.deepEqual(hit(50, 40), { id: "b", handle: null });
  assert.deepEqual(hit(225, 50), { id: "c", handle: null });
  assert.equal(hit(225, 25), null); // an angle has two sides, not three
  assert.equal(hit(25, 5), null);
});

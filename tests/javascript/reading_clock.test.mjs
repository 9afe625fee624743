import assert from "node:assert/strict";
import test from "node:test";

import { page } from "./load.mjs";

const { ReadingClock } = page(["reading_clock.js"]).lightbox;

/** Look every quarter of a second from `from` to `to` (ms). */
function watch(clock, from, to, place, there = true) {
  for (let now = from; now <= to; now += 250) clock.look(now, place, there);
}

test("the time from the result being shown counts, to a quarter of a second", () => {
  const clock = new ReadingClock();
  watch(clock, 0, 3000, "scan/");
  watch(clock, 3250, 7250, "scan/result");
  assert.equal(clock.ms, 4000);
});

test("visits to the same result count together, and those to others apart", () => {
  const clock = new ReadingClock();
  watch(clock, 0, 60000, "a/1");
  watch(clock, 60250, 62250, null);
  watch(clock, 62500, 65500, "b/1");
  assert.equal(clock.ms, 3000);
  watch(clock, 65750, 67750, "a/1");
  assert.equal(clock.ms, 62000);
});

test("nobody before the page, and a machine that slept, count nothing or little", () => {
  const clock = new ReadingClock();
  watch(clock, 0, 5000, "a/1", false);
  assert.equal(clock.ms, 0);
  clock.look(3605000, "a/1", true);
  assert.equal(clock.ms, 2000);
});

test("after a verdict the time begins anew", () => {
  const clock = new ReadingClock();
  watch(clock, 0, 5000, "a/1");
  clock.forget();
  watch(clock, 5250, 6250, "a/1");
  assert.equal(clock.ms, 1250);
});

import assert from "node:assert/strict";
import test from "node:test";

import { page } from "./load.mjs";

function cohort(triggered, inputs = []) {
  const window = page(["folds.js", "cohort.js"]);
  Object.assign(window.dash_clientside.callback_context, { triggered, inputs_list: inputs });
  return window.dash_clientside.lightbox;
}

function performance(triggered = []) {
  const window = page(["performance.js"]);
  window.dash_clientside.callback_context.triggered = triggered;
  return window;
}

const input = (id, value) => ({ id, value });
const click = (customdata) => [{ value: { points: [{ customdata }] }, prop_id: "graph.clickData" }];
const button = (act) => [{ value: 1, prop_id: `cohort-compare-${act}.n_clicks` }];

test("menus and days make the cohort's address; what has no control stays", () => {
  const inputs = [input("cohort-filter-site", ["South", "North"]), input("cohort-filter-sex", []), input("cohort-from", "2026-01-31"), input("cohort-to", null)];
  const callbacks = cohort([], inputs);
  assert.equal(callbacks.cohortControls("?place=left&vs=sex%3DF&age=40"), "?site=North&site=South&from=2026-01-31&place=left&vs=sex%3DF");
  assert.equal(callbacks.cohortControls("?from=2026-01-31&site=South&site=North"), "no update");
});

test("a first click on a bar filters by it, a second one opens its cases", () => {
  const callbacks = cohort(click("site=North&sex=F"));
  assert.equal(callbacks.cohortClick("?sex=F&vs=sex%3DM"), "/cohort?site=North&sex=F&vs=sex%3DM");
  assert.equal(callbacks.cohortClick("?sex=F&site=North&vs=sex%3DM"), "/worklist?site=North&sex=F");
  assert.equal(cohort([]).cohortClick("?sex=F"), "no update");
});

test("a second cohort is kept, swapped and ended", () => {
  assert.equal(cohort(button("keep")).cohortCompare(1, 0, 0, "?sex=F"), "?sex=F&vs=sex%3DF");
  assert.equal(cohort(button("swap")).cohortCompare(0, 1, 0, "?sex=F&vs=sex%3DM"), "?sex=M&vs=sex%3DF");
  assert.equal(cohort(button("end")).cohortCompare(0, 0, 1, "?sex=F&vs=sex%3DM"), "?sex=F");
  assert.equal(cohort(button("swap")).cohortCompare(0, 1, 0, "?sex=F"), "no update");
  assert.equal(cohort([{ value: null, prop_id: "cohort-compare-end.n_clicks" }]).cohortCompare(0, 0, 0, "?vs=a"), "no update");
});

const IMPLIED = { task: "brain-tumour", metric: "recall", by: "version", part: "reviewed", of: "real", version: "2", month: "all", synthetic: "no", vs: "none", site: "all", scanner: "all", sex: "all", age: "all" };
const moved = (changes, search, window = performance()) => {
  const values = Object.values({ ...IMPLIED, ...changes });
  return window.dash_clientside.lightbox.performanceControls(...values, IMPLIED, search);
};

test("a control changes its part of the address, and what belongs to it", () => {
  assert.equal(moved({}, "?metric=recall"), "no update");
  assert.equal(moved({ metric: "dice" }, "?cases=miss&page=2"), "?cases=miss&page=2&metric=dice");
  assert.equal(moved({ task: "pneumonia" }, "?task=brain-tumour&version=1&month=2026-10&vs=2&by=month"), "?task=pneumonia&by=month");
  assert.equal(moved({ version: "1" }, "?month=2026-10&vs=1&cases=miss&group=sex%3AF"), "?version=1");
  assert.equal(moved({ version: "1" }, "?vs=3"), "?vs=3&version=1");
  assert.equal(moved({ scanner: "Skyra" }, "?cases=miss&sex=F"), "?sex=F&scanner=Skyra");
  assert.equal(moved({ task: "pneumonia" }, "?site=North&scanner=Skyra&age=60-69"), "?age=60-69&task=pneumonia");
});

test("all months and no second version stand in no address", () => {
  const window = performance();
  const values = Object.values({ ...IMPLIED, month: "all", vs: "none" });
  const implied = { ...IMPLIED, month: "2026-10", vs: "1" };
  assert.equal(window.dash_clientside.lightbox.performanceControls(...values, implied, "?month=2026-10&vs=1&by=month"), "?by=month");
});

test("a point opens its cases, and the page goes to them", () => {
  const window = performance(click(["/performance?version=1&of=validation#cases"]));
  assert.equal(window.dash_clientside.lightbox.performanceClick(null), "/performance?version=1&of=validation");
  assert.equal(window.lightbox.performanceTarget, "performance-cases");
  const other = performance(click("/worklist?version=1"));
  assert.equal(other.dash_clientside.lightbox.performanceClick(null), "/worklist?version=1");
  assert.equal(other.lightbox.performanceTarget, null);
});

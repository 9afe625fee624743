import assert from "node:assert/strict";
import test from "node:test";

import { page, plain } from "./load.mjs";

const { changed, filtersOf, shown, sortOf, sorted, rowOf, scrolled } = page(["list_address.js"]).lightbox.worklistAddress;
const menu = (name, value) => ({ id: `worklist-${name}`, value });

test("a control changes its own part of the address, and the list begins anew", () => {
  assert.equal(changed("?row=40", [menu("task", "pneumonia")]), "?task=pneumonia");
  assert.equal(changed("?site=North&task=a&sort=-doubt", [menu("task", "any"), menu("words", "gAAA_-=")]), "?site=North&sort=-doubt&words=gAAA_-%3D");
  assert.equal(changed("", [menu("urgency", "critical,urgent")]), "?urgency=critical&urgency=urgent");
  assert.equal(changed("?from=2026-01-02", [menu("from", null)]), "");
});

test("a control that says what the address says changes nothing", () => {
  assert.equal(changed("?urgency=urgent&urgency=critical&row=9", [menu("urgency", "critical,urgent")]), "?urgency=urgent&urgency=critical&row=9");
  assert.equal(changed("?row=9", [menu("task", "any"), menu("words", ""), menu("to", "")]), "?row=9");
});

test("plain words of another program's link leave the address with the first change", () => {
  assert.equal(changed("?q=ada&task=a&row=3", [menu("words", "gAAA")]), "?task=a&words=gAAA");
  assert.equal(changed("?q=ada", [menu("words", "")]), "");
});

test("controls show what the address says, and menus only what they offer", () => {
  const choices = ["any", "critical,urgent", "routine"];
  assert.equal(shown("?urgency=urgent&urgency=critical", "worklist-urgency", choices), "critical,urgent");
  assert.equal(shown("?urgency=urgent", "worklist-urgency", choices), "any");
  assert.equal(shown("", "worklist-urgency", choices), "any");
  assert.equal(shown("?acquired-to=2026-01-02", "worklist-acquired-to", null), "2026-01-02");
});

test("order and place are no other list", () => {
  assert.equal(filtersOf("?b=2&a=1&sort=-doubt&row=9"), filtersOf("?a=1&b=2"));
  assert.notEqual(filtersOf("?a=1"), filtersOf("?a=2"));
});

test("the order of columns goes to the address and back", () => {
  const columns = [{ colId: "patient", sort: null }, { colId: "doubt", sort: "desc", sortIndex: 1 }, { colId: "task", sort: "asc", sortIndex: 0 }];
  const said = sorted("?q=a&row=3&sort=status", columns);
  assert.equal(said, "?q=a&sort=task&sort=-doubt");
  assert.deepEqual(plain(sortOf(said)), [{ colId: "task", sort: "asc", sortIndex: 0 }, { colId: "doubt", sort: "desc", sortIndex: 1 }]);
});

test("the row at the top stands in the address unless it is the first", () => {
  assert.equal(scrolled("?q=a", 40), "?q=a&row=40");
  assert.equal(scrolled("?q=a&row=40", 0), "?q=a");
  assert.equal(rowOf("?row=40"), 40);
  assert.equal(rowOf("?row=x"), 0);
});

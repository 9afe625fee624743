/* What the worklist's address says: filters, sealed words, order and the row at the top. Nothing here touches the page. */

(function (lightbox) {
  "use strict";

  const CONTROL = "worklist-"; // and the filter's name: the id of its control
  const ANY = "any";
  const PLACE = ["sort", "row"]; // what says where one is in the list, not which list it is

  const nameOf = (id) => id.slice(CONTROL.length);

  function address(parameters) {
    const text = parameters.toString();
    return text ? "?" + text : "";
  }

  /** The address after controls were changed: `changes` holds an id and a value for each of them. */
  function changed(search, changes) {
    const after = new URLSearchParams(without(search, ["q"])); // words as they are, of another program's link
    for (const { id, value } of changes) {
      const name = nameOf(id);
      after.delete(name);
      const values = String(value || "").split(",");
      values.filter((chosen) => chosen && chosen !== ANY).forEach((chosen) => after.append(name, chosen));
    }
    return filtersOf(search) === filtersOf(address(after)) ? search : without(address(after), ["row"]);
  }

  function without(search, names) {
    const kept = new URLSearchParams(search);
    names.forEach((name) => kept.delete(name));
    return address(kept);
  }

  /** Which list an address means, whatever the order of its parts. */
  function filtersOf(search) {
    return [...new URLSearchParams(without(search, PLACE))].map((pair) => pair.join("=")).sort().join("&");
  }

  /** What a control shows of an address; `choices` are those of a menu, null for a field. */
  function shown(search, id, choices) {
    const values = new URLSearchParams(search).getAll(nameOf(id));
    if (choices === null) return values[0] || "";
    const together = [...values].sort().join(",");
    return values.length && choices.includes(together) ? together : ANY;
  }

  /** The order in an address, as the grid's columns take it. */
  function sortOf(search) {
    const names = new URLSearchParams(search).getAll("sort");
    return names.map((name, index) => ({ colId: name.replace(/^-/, ""), sort: name.startsWith("-") ? "desc" : "asc", sortIndex: index }));
  }

  /** The address with this order of columns. */
  function sorted(search, columns) {
    const inOrder = columns.filter((column) => column.sort).sort((a, b) => a.sortIndex - b.sortIndex);
    const after = new URLSearchParams(without(search, PLACE));
    inOrder.forEach((column) => after.append("sort", (column.sort === "desc" ? "-" : "") + column.colId));
    return address(after);
  }

  const rowOf = (search) => Number.parseInt(new URLSearchParams(search).get("row"), 10) || 0;

  /** The address with this row at the top. */
  function scrolled(search, row) {
    const after = new URLSearchParams(without(search, ["row"]));
    if (row > 0) after.append("row", row);
    return address(after);
  }

  lightbox.worklistAddress = { changed, filtersOf, shown, sortOf, sorted, rowOf, scrolled };
})(window.lightbox);

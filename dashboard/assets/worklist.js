/* The worklist follows its address, and the address follows the worklist: filters, order and place, so that
   Back, a reload and a link bring the same list. */

(function (lightbox, callbacks) {
  "use strict";

  const GRID = "worklist-grid";
  const SEARCH = "worklist-search";
  const WORDS = "worklist-words";
  // Below each width these columns are left out, so that the others fit.
  const LEFT_OUT = [
    [1600, ["task"]],
    [1400, ["verdict"]],
    [1200, ["modality", "acquired_at", "doubt"]],
    [920, ["assigned", "created_at", "patient_id"]],
    [768, ["picture", "urgency", "pseudonym"]],
  ];
  const { changed, filtersOf, shown, sortOf, sorted, rowOf, scrolled } = lightbox.worklistAddress;
  const attached = new WeakSet();
  const placed = new WeakSet(); // grids that were scrolled to where their address says
  const said = new Map(); // the words of each sealed part of an address, in this tab's memory alone
  let saying = false; // while this page itself changes its address
  let listed = null; // the filters of the rows that the grid shows
  let opened = null; // the row that was opened last: the keyboard goes on from there
  let askedAt = null; // when the rows were asked for again, until they come
  let tookMs = 0; // how long they took the last time

  function api() {
    try {
      return document.getElementById(GRID) ? window.dash_ag_grid.getApi(GRID) : null;
    } catch {
      return null; // the grid is not there yet
    }
  }

  // ---- one question at a time ----------------------------------------------------------------

  // The Dash grid remembers one open question only: a second one would be given the first one's
  // answer. So questions queue up here, and one that never got an answer is given up.
  const GIVE_UP_MS = 10000;
  const inTurn = new WeakSet();

  function askInTurn(source) {
    if (!source || inTurn.has(source)) return;
    inTurn.add(source);
    const ask = source.getRows;
    const queue = [];
    let open = null;

    function next() {
      if (open || !queue.length) return;
      const params = queue.shift();
      const mine = { timer: null };
      open = mine;
      const finish = (answer) => {
        clearTimeout(mine.timer);
        if (open !== mine) return;
        open = null;
        answer();
        next();
      };
      mine.timer = setTimeout(() => finish(() => params.failCallback()), GIVE_UP_MS);
      ask.call(source, {
        ...params,
        successCallback: (rows, count) => finish(() => params.successCallback(rows, count)),
        failCallback: () => finish(() => params.failCallback()),
      });
    }

    source.getRows = (params) => {
      queue.push(params);
      next();
    };
  }

  lightbox.askInTurn = askInTurn;

  // ---- the address ---------------------------------------------------------------------------

  /** Say where the worklist is, in place of where it was: Back leads out of it. */
  function say(search, tell) {
    if (search === location.search) return;
    history.replaceState(history.state, "", location.pathname + search);
    if (!tell) return;
    saying = true;
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate")); // Dash reads the address again
    saying = false;
  }

  callbacks.worklistControls = function () {
    const { triggered, inputs_list: controls } = window.dash_clientside.callback_context;
    if (!document.getElementById(GRID)) return;
    const moved = new Set(triggered.map((change) => change.prop_id.split(".")[0]));
    say(changed(location.search, controls.filter((control) => moved.has(control.id)).map(noted)), true);
  };

  /** The words that are searched for may name a patient: the address carries what the server sealed. */
  function noted(control) {
    if (control.id !== WORDS) return control;
    const { sealed, said: words } = control.value || { sealed: "", said: "" };
    said.set(sealed, words);
    return { id: control.id, value: sealed };
  }

  function followWords() {
    if (saying) return; // the words come from the box, where somebody may have typed on meanwhile
    const sealed = new URLSearchParams(location.search).get("words") || "";
    if (sealed && !said.has(sealed)) return location.reload(); // only the server can open it
    const words = said.get(sealed) || "";
    if (document.getElementById(SEARCH).value !== words) window.dash_clientside.set_props(SEARCH, { value: words });
  }

  /** Another address: another list, or another place in it. */
  function follow() {
    const grid = api();
    if (!grid || location.pathname !== "/worklist") return;
    const other = filtersOf(location.search) !== listed;
    followControls();
    followOrder(grid);
    if (other) reload(grid);
    else if (placed.has(grid)) grid.ensureIndexVisible(rowOf(location.search), "top");
  }

  function followControls() {
    followWords();
    followChoices();
  }

  function followChoices() {
    for (const control of document.querySelectorAll(".lb-filters input, .lb-filters select")) {
      if (control.id === SEARCH) continue;
      // What some offer comes with the first rows: until then the address is believed.
      const come = control.options && control.options.length > 1;
      const choices = come ? [...control.options].map((option) => option.value) : null;
      const value = shown(location.search, control.id, choices);
      if (control.value !== value) window.dash_clientside.set_props(control.id, { value: value });
    }
  }

  function followOrder(grid) {
    const wanted = sortOf(location.search);
    if (sorted("", grid.getColumnState()) === sorted("", wanted)) return;
    grid.applyColumnState({ state: wanted, defaultState: { sort: null } });
  }

  function reload(grid) {
    listed = filtersOf(location.search);
    grid.deselectAll();
    grid.purgeInfiniteCache();
    if (grid.getDisplayedRowCount() > 0) grid.ensureIndexVisible(0);
  }

  function noteScroll(grid) {
    if (!placed.has(grid)) return;
    const top = grid.getVerticalPixelRange().top;
    say(scrolled(location.search, Math.round(top / grid.getGridOption("rowHeight"))), false);
  }

  window.addEventListener("popstate", follow);
  window.addEventListener("_dashprivate_pushstate", follow);

  // ---- rows ----------------------------------------------------------------------------------

  /** Ask for the rows again and stay where the person is; how many ms they took the last time. */
  lightbox.refreshWorklist = function () {
    const grid = api();
    if (!grid) return 0;
    askedAt = performance.now();
    // With no row there is no block to refresh.
    if (grid.getDisplayedRowCount() === 0) grid.purgeInfiniteCache();
    else grid.refreshInfiniteCache();
    return tookMs;
  };

  function openRow(node, column) {
    const id = column.getColId();
    if (!node || !node.data) return;
    opened = { row: node.rowIndex, column: id };
    const { pseudonym, scan_id: scan } = node.data;
    if (id === "pseudonym") return lightbox.openPage("/patients/" + encodeURIComponent(pseudonym));
    // With the list that it was opened from: "next" on its page is the next one of that list.
    const list = new URLSearchParams(location.search);
    for (const name of ["row", "q"]) list.delete(name);
    lightbox.openPage("/scans/" + encodeURIComponent(scan) + (list.size ? "?" + list : ""));
  }

  function attach(grid) {
    if (attached.has(grid)) return;
    attached.add(grid);
    followChoices(); // somebody may have gone back while the page was still being made
    askInTurn(grid.getGridOption("datasource"));
    grid.addEventListener("cellClicked", ({ node, column, event }) => {
      if (event.target.closest("button")) return; // it does something of its own
      if (column.getColId() !== "ag-Grid-SelectionColumn") openRow(node, column);
    });
    grid.addEventListener("cellKeyDown", ({ node, column, event }) => {
      if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) openRow(node, column);
    });
    grid.addEventListener("sortChanged", () => say(sorted(location.search, grid.getColumnState()), false));
    grid.addEventListener("bodyScrollEnd", () => noteScroll(grid));
  }

  /** Once the first rows are there: go to where the address says, and let the keyboard go on. */
  function place(grid) {
    if (placed.has(grid)) return;
    listed = filtersOf(location.search);
    const row = Math.min(rowOf(location.search), grid.getDisplayedRowCount() - 1);
    if (row > 0) grid.ensureIndexVisible(row, "top");
    if (opened && opened.row < grid.getDisplayedRowCount()) grid.setFocusedCell(opened.row, opened.column);
    opened = null;
    setTimeout(() => placed.add(grid)); // what scrolling this made is no news
  }

  callbacks.rowsCame = function () {
    if (askedAt !== null) tookMs = performance.now() - askedAt;
    askedAt = null;
    const grid = api();
    if (!grid) return;
    attach(grid);
    fit();
    setTimeout(() => grid.isDestroyed() || place(grid)); // it takes the rows after this, unless the page was left
  };

  function fit() {
    const grid = api();
    if (!grid || !grid.getColumns()) return;
    const out = LEFT_OUT.filter(([width]) => window.innerWidth < width).flatMap(([, columns]) => columns);
    const columns = grid.getColumns().map((column) => column.getColId());
    grid.setColumnsVisible(columns.filter((id) => out.includes(id)), false);
    grid.setColumnsVisible(columns.filter((id) => !out.includes(id)), true);
  }

  callbacks.noteWorklist = function (token) {
    lightbox.worklistSeen = token;
  };

  /** End the reading of a scan; where that is refused, say why. */
  lightbox.cancelReading = async function (scan) {
    const answer = await lightbox.post("/scans/" + encodeURIComponent(scan) + "/reading/cancel");
    if (!answer.ok) window.dash_clientside.set_props("alert", { children: (await lightbox.fault(answer)).sentence, is_open: true });
    lightbox.refreshWorklist();
  };

  // ---- chosen rows ---------------------------------------------------------------------------

  callbacks.rowsChosen = function (rows) {
    const bar = document.getElementById("triage-bar");
    if (!bar) return;
    const count = (rows || []).length;
    window.dash_clientside.set_props("triage-bar", { hidden: count === 0 });
    window.dash_clientside.set_props("triage-count", { children: count === 1 ? "1 scan" : count + " scans" });
  };

  /** Something was done with the chosen rows: show it, and choose nothing. */
  callbacks.triaged = function () {
    const grid = api();
    if (!grid) return;
    grid.deselectAll();
    lightbox.refreshWorklist();
  };

  window.addEventListener("resize", fit);
})(window.lightbox, window.dash_clientside.lightbox);

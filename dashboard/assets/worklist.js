/* The worklist's cells, and its reloading without losing the place. */

(function (lightbox, callbacks) {
  "use strict";

  const GRID = "worklist-grid";
  const NARROW = 768;
  const ON_NARROW = ["picture", "patient", "probability", "status"];
  const element = (...parts) => window.React.createElement(...parts);
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});

  cells.Thumbnail = function (props) {
    if (!props.data) return null;
    const hide = (event) => (event.target.style.visibility = "hidden");
    const src = "/scans/" + props.data.scan_id + "/thumbnail.png";
    return element("img", { className: "lb-thumbnail", src: src, alt: "", loading: "lazy", onError: hide });
  };

  cells.ScanLink = function (props) {
    if (!props.data) return element("span", { className: "lb-loading-row" }, "…");
    const href = "/scans/" + props.data.scan_id;
    // The cell's own click opens the scan in this tab; the link is for the keyboard and new tabs.
    const stay = (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.shiftKey) event.preventDefault();
      else event.stopPropagation();
    };
    return element("a", { href: href, className: "lb-scan-link", onClick: stay }, props.value || "Unknown");
  };

  cells.ResultCell = function (props) {
    if (!props.data || !props.data.result) return null;
    const look = props.data.positive ? "lb-result-positive" : "lb-result-negative";
    return element("span", { className: look }, props.data.result);
  };

  cells.StatusBadge = function (props) {
    if (!props.data) return null;
    return element("span", { className: "lb-badge lb-status-" + props.data.status_code }, props.value);
  };

  cells.VerdictBadge = function (props) {
    if (!props.data || !props.value) return null;
    return element("span", { className: "lb-badge lb-verdict-" + props.value.toLowerCase() }, props.value);
  };

  function api() {
    try {
      return document.getElementById(GRID) ? window.dash_ag_grid.getApi(GRID) : null;
    } catch (error) {
      return null; // the grid is not there yet
    }
  }

  // The grid remembers one open question only: a second one would get the first one's answer. So
  // everything that asks for rows waits until the grid has taken the answer before (and a question
  // that never got one, because the server was away, is given up).
  const GIVE_UP_MS = 10000;
  let askedAt = null;
  let waiting = null;

  function whenQuiet(act) {
    if (askedAt !== null && Date.now() - askedAt < GIVE_UP_MS) waiting = act;
    else act();
  }

  function purge() {
    const grid = api();
    if (!grid) return;
    grid.purgeInfiniteCache();
    if (grid.getDisplayedRowCount() > 0) grid.ensureIndexVisible(0);
  }

  function refresh() {
    const grid = api();
    if (!grid) return;
    // With no row there is no block to refresh.
    if (grid.getDisplayedRowCount() === 0) grid.purgeInfiniteCache();
    else grid.refreshInfiniteCache();
  }

  callbacks.watchRows = function (request, response) {
    const changed = window.dash_clientside.callback_context.triggered.map((one) => one.prop_id.split(".")[1]);
    if (changed.includes("getRowsRequest")) askedAt = Date.now();
    if (changed.includes("getRowsResponse") && !response) {
      askedAt = null; // the grid has taken the answer
      fit();
      const act = waiting;
      waiting = null;
      if (act) setTimeout(act);
    }
  };

  /** Ask for the rows again and stay where the person is. */
  lightbox.refreshWorklist = () => whenQuiet(refresh);

  /** Ask anew where an answer never came. */
  lightbox.mendWorklist = function () {
    if (askedAt === null || Date.now() - askedAt < GIVE_UP_MS) return;
    askedAt = null;
    purge();
  };

  callbacks.reloadWorklist = () => whenQuiet(purge);

  callbacks.openScan = function (cell) {
    if (!cell || !cell.rowId) return window.dash_clientside.no_update;
    return "/scans/" + cell.rowId;
  };

  function fit() {
    const grid = api();
    const columns = grid && grid.getColumns();
    if (!columns) return;
    const minor = columns.map((column) => column.getColId()).filter((id) => !ON_NARROW.includes(id));
    grid.setColumnsVisible(minor, window.innerWidth >= NARROW);
  }

  callbacks.noteWorklist = function (token) {
    lightbox.worklistSeen = token;
  };

  window.addEventListener("resize", fit);
})(window.lightbox, window.dash_clientside.lightbox);

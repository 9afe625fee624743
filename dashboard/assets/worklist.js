/* The worklist's cells, and its reloading without losing the place. */

(function (lightbox, callbacks) {
  "use strict";

  const GRID = "worklist-grid";
  const NARROW = 768;
  const ON_NARROW = ["picture", "patient", "outcome", "status"];
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
    const link = element("a", { href: href, className: "lb-scan-link", onClick: stay }, props.value || "Unknown");
    if (!props.data.synthetic) return link;
    return element("span", null, link, " ", element("span", { className: "lb-badge lb-synthetic" }, "SYNTHETIC"));
  };

  cells.PatientLink = function (props) {
    if (!props.value) return null;
    // The cell's own click opens the page in this tab, as above.
    const stay = (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.shiftKey) event.preventDefault();
      else event.stopPropagation();
    };
    const name = "Patient page of " + (props.data.patient || props.value);
    const sign = element("i", { className: "bi bi-person-lines-fill", "aria-hidden": true });
    return element("a", { href: "/patients/" + props.value, title: name, "aria-label": name, onClick: stay }, sign);
  };

  cells.ResultCell = function (props) {
    if (!props.data || !props.data.result) return null;
    const { outcome, result, reasons } = props.data;
    const look = "lb-result-" + outcome;
    if (outcome !== "uncertain") return element("span", { className: look }, result);
    const sign = element("i", { className: "bi bi-exclamation-diamond-fill me-1", "aria-hidden": true });
    const words = element("span", { className: "lb-result-word" }, sign, result);
    return element("span", { className: look, title: reasons }, words, element("small", null, reasons));
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
    } catch {
      return null; // the grid is not there yet
    }
  }

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

  /** Ask for the rows again and stay where the person is. */
  lightbox.refreshWorklist = function () {
    const grid = api();
    if (!grid) return;
    // With no row there is no block to refresh.
    if (grid.getDisplayedRowCount() === 0) grid.purgeInfiniteCache();
    else grid.refreshInfiniteCache();
  };

  callbacks.reloadWorklist = function () {
    const grid = api();
    if (!grid) return;
    grid.purgeInfiniteCache();
    if (grid.getDisplayedRowCount() > 0) grid.ensureIndexVisible(0);
  };

  callbacks.rowsCame = function () {
    const grid = api();
    if (!grid) return;
    askInTurn(grid.getGridOption("datasource"));
    fit();
  };

  callbacks.openScan = function (cell) {
    if (!cell || !cell.rowId) return window.dash_clientside.no_update;
    if (cell.colId === "pseudonym") return "/patients/" + cell.value;
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

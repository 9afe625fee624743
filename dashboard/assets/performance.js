/* The performance page's address: controls and clicks on points change it, nothing else is kept. */

(function (lightbox, callbacks) {
  "use strict";

  // The order of the controls; performance_controls.py knows the same one.
  const NAMES = ["task", "metric", "by", "part", "of", "version", "month", "synthetic", "vs", "site", "scanner", "sex", "age"];
  const NONE = { month: "all", vs: "none", site: "all", scanner: "all", sex: "all", age: "all" };
  const OF_A_TASK = ["version", "month", "vs", "synthetic", "of", "site", "scanner"];
  const OF_A_VERSION = ["month"];
  const DROPPED = ["cases", "group", "page"]; // a list of cases belongs to what was chosen before
  const OPENED_BY = { "performance-fold-pairs": "vs" }; // by fold what of the address it shows
  const same = () => window.dash_clientside.no_update;

  /** One control was moved: its part of the address changes, and with it what belongs to it. */
  callbacks.performanceControls = function (...values) {
    const [implied, search] = values.splice(NAMES.length, 2);
    if (!implied) return same();
    const here = new URLSearchParams(search || "");
    let changed = false;
    NAMES.forEach((name, index) => {
      const value = values[index];
      if (value === undefined || value === null || value === implied[name]) return;
      changed = true;
      if (value === NONE[name]) here.delete(name);
      else here.set(name, value);
      if (name === "task") OF_A_TASK.forEach((part) => here.delete(part));
      if (name === "version") OF_A_VERSION.forEach((part) => here.delete(part));
      if (name === "version" && here.get("vs") === value) here.delete("vs");
      if (!["metric", "by"].includes(name)) DROPPED.forEach((part) => here.delete(part));
    });
    return changed ? "?" + here.toString() : same();
  };

  /** A point opens its cases, or what its version was trained with. */
  callbacks.performanceClick = function () {
    const triggered = window.dash_clientside.callback_context.triggered;
    const clicked = triggered.length ? triggered[0].value : null;
    const point = clicked && clicked.points && clicked.points[0];
    const address = point && [].concat(point.customdata || [])[0];
    if (!address) return same();
    lightbox.performanceTarget = address.includes("#cases") ? "performance-cases" : null;
    return address.split("#")[0];
  };

  /** A fold is open as the tab had it, and where a link names it or chooses what stands in it. */
  callbacks.performanceFold = function (search) {
    const [{ id }] = window.dash_clientside.callback_context.outputs_list;
    const chosen = new URLSearchParams(search || "").has(OPENED_BY[id] || "");
    return lightbox.followedFold(id, search || "", chosen || location.hash === "#" + id);
  };

  /** The part that a link names is brought into view as the page fills; then the address names it no more. */
  function followPart(filled) {
    const part = document.getElementById(location.hash.slice(1));
    if (!part) return;
    lightbox.keepInView(part);
    if (filled) history.replaceState(history.state, "", location.pathname + location.search);
  }

  /** A list of cases that was asked for is brought into view, once for each address. */
  let arrived = "";
  callbacks.performanceArrived = function (cases, matrix, numbers) {
    followPart(matrix && numbers);
    const wanted = new URLSearchParams(location.search).has("cases") ? "performance-cases" : lightbox.performanceTarget;
    const here = location.search;
    if (wanted && arrived !== here) {
      arrived = here;
      lightbox.performanceTarget = null;
      const part = document.getElementById(wanted);
      if (part) lightbox.keepInView(part);
    }
    if (!wanted) arrived = "";
    return same();
  };
})(window.lightbox, window.dash_clientside.lightbox);

/* The cohort page's address: controls, clicks on charts and the comparison change it, nothing else is kept. */

(function (lightbox, callbacks) {
  "use strict";

  const FOLD = "cohort-fold-"; // and its key: the id of a part that can be closed
  const WIDE = ["filters"]; // open where there is room
  const MENU = "cohort-filter-"; // and the filter's name: the id of its menu
  const same = () => window.dash_clientside.no_update;

  /** Two addresses are the same view when they hold the same pairs, in whatever order. */
  function pairs(search) {
    return [...new URLSearchParams(search || "")].map((pair) => pair.join("=")).sort().join("&");
  }

  function address(parameters) {
    const text = parameters.toString();
    return text ? "?" + text : "";
  }

  /** Menus and days as an address; what has no control here (place, vs) stays. */
  callbacks.cohortControls = function (...values) {
    const search = values.pop() || "";
    const before = new URLSearchParams(search);
    const after = new URLSearchParams();
    for (const { id, value } of window.dash_clientside.callback_context.inputs_list) {
      if (id.startsWith(MENU)) [...(value || [])].sort().forEach((chosen) => after.append(id.slice(MENU.length), chosen));
      else if (value) after.append(id.slice("cohort-".length), value); // cohort-from and cohort-to
    }
    for (const name of ["place", "vs"]) before.getAll(name).forEach((kept) => after.append(name, kept));
    return pairs(after.toString()) === pairs(search) ? same() : address(after);
  };

  /** A first click on a bar filters by it; a second one opens its cases. */
  callbacks.cohortClick = function (...clicks) {
    const search = clicks.pop() || "";
    const context = window.dash_clientside.callback_context;
    const clicked = context.triggered.length ? context.triggered[0].value : null;
    const point = clicked && clicked.points && clicked.points[0];
    if (!point || !point.customdata) return same();
    const wanted = new URLSearchParams(point.customdata);
    const here = new URLSearchParams(search);
    const vs = here.getAll("vs");
    here.delete("vs");
    if (pairs(here.toString()) === pairs(wanted.toString())) return "/worklist" + address(wanted);
    vs.forEach((query) => wanted.append("vs", query));
    return "/cohort" + address(wanted);
  };

  /** Folds as the tab had them; the comparison is open where the address compares. */
  callbacks.cohortFolds = function (search) {
    const compares = new URLSearchParams(search || "").has("vs");
    const roomy = window.matchMedia("(min-width: 768px)").matches;
    return window.dash_clientside.callback_context.outputs_list.map(({ id }) => {
      const key = id.slice(FOLD.length);
      if (key === "compare" && compares) return true;
      return lightbox.isFoldOpen(id) ?? (roomy && WIDE.includes(key));
    });
  };

  callbacks.cohortCompare = function (keep, swap, end, search) {
    const triggered = window.dash_clientside.callback_context.triggered;
    if (!triggered.length || !triggered[0].value) return same(); // the page came, nobody clicked
    const act = triggered[0].prop_id.split(".")[0];
    const here = new URLSearchParams(search || "");
    const vs = here.get("vs");
    here.delete("vs");
    if (act.endsWith("-keep")) {
      const kept = here.toString();
      here.append("vs", kept);
      return address(here);
    }
    if (vs === null) return same();
    if (act.endsWith("-swap")) {
      const swapped = new URLSearchParams(vs);
      swapped.append("vs", here.toString());
      return address(swapped);
    }
    return address(here);
  };
})(window.lightbox, window.dash_clientside.lightbox);

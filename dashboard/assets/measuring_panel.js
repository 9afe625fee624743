/* The list of measurements beside the viewer. */

(function (lightbox) {
  "use strict";

  const { make, measuring } = lightbox;
  const NONE = "None yet.";
  const HOW = "None yet. Choose ruler, two diameters or angle above the picture and draw on a slice.";

  /** The plane that a measurement lies on, and which of its slices. */
  function where(item, viewer) {
    const plane = viewer.planes.find(({ axes }) => axes[0] === item.slice_axis);
    return plane && { plane, index: Math.round(lightbox.planes.toPlane(plane, item.points[0])[0]) };
  }

  function go(item) {
    const viewer = lightbox.shownViewer();
    const at = viewer && where(item, viewer);
    if (!at) return;
    if (viewer.layout !== "three" && (viewer.layout !== "single" || viewer.plane !== at.plane)) viewer.setLayout("single", at.plane);
    viewer.setCross(item.points[0]);
    measuring.select(item);
  }

  function button(words, label, act, look = "btn-outline-secondary") {
    return make(
      "button", { type: "button", className: "btn btn-sm " + look, onclick: act, aria: { label }, data: { act: words } }, words
    );
  }

  const span = (look, ...children) => make("span", { className: look }, ...children);

  function row(item, viewer) {
    const { label } = measuring.KINDS[item.kind];
    const at = where(item, viewer);
    const slice = viewer.data.shape[0] > 1 && at ? at.plane.label + ", slice " + (at.index + 1) : "";
    const name = label + " " + item.words;
    const origin = [slice, item.author, item.changed].filter(Boolean).join(" · ");
    const acts = span("lb-measurement-acts", button("Show", "Go to the slice of " + name, () => go(item)));
    if (item.failed) acts.append(button("Try again", "Keep " + name, () => measuring.keep(item)));
    if (item.may_delete) acts.append(button("Delete", "Delete " + name, () => measuring.remove(item), "btn-outline-danger"));
    const failed = item.failed ? [span("lb-measurement-failed", "Not kept: " + item.failed)] : [];
    const made = make(
      "li", { className: "lb-measurement", data: { key: item.key } },
      span("lb-measurement-name", label + " ", make("strong", {}, item.words)), span("lb-measurement-origin", origin), ...failed, acts
    );
    made.classList.toggle("lb-measurement-selected", item === measuring.room().selected);
    return made;
  }

  // A button that has the focus keeps it when the list is made anew.
  function replaced(list, rows) {
    const focused = list.contains(document.activeElement) ? document.activeElement : null;
    const key = focused?.closest("[data-key]").dataset.key;
    list.replaceChildren(...rows);
    if (focused) list.querySelector(`[data-key="${key}"] [data-act="${focused.dataset.act}"]`)?.focus();
  }

  let before = "";

  function show() {
    const list = document.getElementById("measuring-list");
    const viewer = lightbox.shownViewer();
    const { scan, ready, mayAdd, items, selected } = measuring.room();
    if (!list || !viewer || viewer.data.scan !== scan || !ready) return;
    const now = JSON.stringify([scan, mayAdd, items.map((item) => ({ ...item, waiting: null })), selected?.key ?? null, measuring.room().said]);
    if (now === before && list.childElementCount) return;
    before = now;
    replaced(list, items.map((item) => row(item, viewer)));
    document.getElementById("measuring-said").textContent = measuring.room().said;
    const none = document.getElementById("measuring-none");
    none.textContent = mayAdd ? HOW : NONE;
    none.hidden = items.length > 0;
  }

  // A drag changes a measurement many times a frame.
  let frame = null;
  function showSoon() {
    frame ??= requestAnimationFrame(() => {
      frame = null;
      show();
    });
  }

  document.addEventListener("lightbox:measurements", showSoon);
  document.addEventListener("lightbox:scan", showSoon);
})(window.lightbox);

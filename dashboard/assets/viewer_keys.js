/* Keys of the viewer: they work wherever the focus is, but where somebody writes. `?` lists them. */

(function (lightbox) {
  "use strict";

  const WRITTEN = new Set(["text", "search", "number", "email", "password", "tel", "url", "date", "time", "datetime-local", "month", "week"]);
  const OWN_ARROWS = new Set(["range", "radio"]);
  const PAGE = 10;
  const added = [];
  let byTab = false; // whether the focus came where it is by the keyboard

  const pane = (viewer) => viewer.active ?? viewer.panes[0];

  const MOVES = {
    ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1, PageUp: -PAGE, PageDown: PAGE, Home: -Infinity, End: Infinity,
  };

  const ACTS = [
    { keys: ["v", "Escape"], label: "Browse: no tool", act: () => lightbox.viewer.chooseTool(null) },
    { keys: ["h"], label: "Hide or show all overlays", act: (viewer) => viewer.setHidden(!viewer.hidden) },
    { keys: ["0"], label: "Fit the picture", act: (viewer) => pane(viewer)?.setView({ ...pane(viewer).view, zoom: 1 }) },
    { keys: ["+", "="], label: "Larger", act: (viewer) => pane(viewer)?.zoomAt(1.4) },
    { keys: ["-"], label: "Smaller", act: (viewer) => pane(viewer)?.zoomAt(1 / 1.4) },
    { keys: ["9"], label: "The default window", act: (viewer) => viewer.setWindow(viewer.data.windows[0]) },
    { keys: ["1"], label: "First plane", act: (viewer) => plane(viewer, 0) },
    { keys: ["2"], label: "Second plane", act: (viewer) => plane(viewer, 1) },
    { keys: ["3"], label: "Third plane", act: (viewer) => plane(viewer, 2) },
    { keys: ["4"], label: "Three planes", act: (viewer) => layout(viewer, "three") },
    { keys: ["5"], label: "Mosaic", act: (viewer) => layout(viewer, "mosaic") },
    { keys: ["6"], label: "3-D", act: (viewer) => layout(viewer, "rendering") },
    { keys: ["."], label: "Next lesion", act: (viewer) => lesion(viewer, 1) },
    { keys: [","], label: "Lesion before", act: (viewer) => lesion(viewer, -1) },
    { keys: ["?"], label: "This list", act: () => help() },
  ];

  function plane(viewer, order) {
    const usable = viewer.planes[order] && !(viewer.volume?.partial && order);
    if (usable) viewer.setLayout("single", viewer.planes[order]);
  }

  function layout(viewer, name) {
    if (viewer.data.shape[0] > 1 && !(viewer.volume?.partial && name !== "mosaic")) lightbox.controls.chooseLayout(viewer, name);
  }

  function lesion(viewer, step) {
    const lesions = viewer.lesions();
    if (!lesions.length) return;
    const here = lesions.findIndex(({ largest }) => largest === viewer.cross[0]);
    const next = here < 0 ? 0 : (here + step + lesions.length) % lesions.length;
    viewer.setCross([lesions[next].largest, ...lesions[next].centroid.slice(1)]);
  }

  function writes(target) {
    if (target.isContentEditable || target.matches?.("textarea, select, [role=combobox], [role=listbox]")) return true;
    return target.tagName === "INPUT" && WRITTEN.has(target.type);
  }

  /** Whether a key is somebody else's: taken already, of a field that is written in, or of a dialog. */
  function busy(event) {
    return event.defaultPrevented || writes(event.target) || document.querySelector("dialog[open], .modal.show") !== null;
  }

  // Who came to a slider by Tab means to move it by arrows; who clicked on it goes on scrolling.
  const keepsArrows = (target) =>
    byTab && (OWN_ARROWS.has(target.type) || target.matches?.("[role=slider], [role=tab], [role=menuitem], [role=gridcell]"));

  function pressed(viewer, event) {
    if (event.key in MOVES) {
      if (keepsArrows(event.target)) return false;
      if (viewer.layout === "rendering") return false;
      viewer.step(MOVES[event.key]);
      return true;
    }
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const tool = lightbox.viewer.tools().find((each) => each.key?.toLowerCase() === key);
    if (tool) {
      lightbox.viewer.chooseTool(lightbox.viewer.tool() === tool ? null : tool.name);
      return true;
    }
    const known = [...ACTS, ...added].find(({ keys, act }) => act && keys.includes(key));
    known?.act(viewer, event);
    return Boolean(known);
  }

  document.addEventListener("pointerdown", () => (byTab = false), { capture: true, passive: true });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Tab") byTab = true;
    const viewer = lightbox.shownViewer();
    if (!viewer || event.altKey || event.ctrlKey || event.metaKey || busy(event)) return;
    if (pressed(viewer, event)) event.preventDefault();
  });

  // ---- the list ------------------------------------------------------------------------------

  const MOUSE = [
    ["Wheel", "One slice a notch"],
    ["Ctrl and wheel, or two fingers", "Zoom where the pointer is"],
    ["Right drag", "Window: across is width, up is brighter"],
    ["Middle drag, or left drag when zoomed", "Move the picture"],
    ["Left drag", "Scroll; in three planes move the crosshair"],
    ["Double click", "Larger and back; one plane out of several"],
  ];
  const SAID = { " ": "Space", Escape: "Esc" };

  const spoken = (key) => SAID[key] ?? (key.length === 1 ? key.toUpperCase() : key);

  function rows() {
    const moves = [["↑ ↓ ← →", "One slice"], ["Page Up, Page Down", PAGE + " slices"], ["Home, End", "First and last slice"]];
    const tools = lightbox.viewer.tools().filter(({ key }) => key).map(({ key, label }) => [spoken(key), label]);
    const acts = [...ACTS, ...added].map(({ keys, label }) => [keys.map(spoken).join(", "), label]);
    return [...moves, ...tools, ...acts, ...MOUSE];
  }

  function help() {
    const { make } = lightbox;
    document.getElementById("viewer-help")?.remove();
    const list = make("dl", { className: "lb-keys" }, ...rows().flatMap(([key, words]) => [make("dt", {}, key), make("dd", {}, words)]));
    const close = make("button", { type: "button", className: "btn btn-primary btn-sm", onclick: () => dialog.close() }, "Close");
    const dialog = make("dialog", { id: "viewer-help", className: "lb-help", aria: { label: "Keys of the viewer" } }, make("h2", {}, "Keys"), list, close);
    dialog.onclose = () => dialog.remove();
    document.body.append(dialog);
    dialog.showModal();
  }

  /** Adds keys of another script: { keys, label, act(viewer, event) }; without `act` they are only listed. */
  function addKeys(entry) {
    added.push(entry);
  }

  lightbox.keys = { help, addKeys, busy };
  lightbox.viewer.addKeys = addKeys;
})(window.lightbox);

/* The viewer's buttons, sliders and lists: built once, then kept in step with its state. */

(function (lightbox) {
  "use strict";

  const { make } = lightbox;
  const LAYOUTS = {
    three: ["bi-grid", "Three planes"],
    mosaic: ["bi-grid-3x3-gap", "Mosaic"],
    rendering: ["bi-box", "3-D"],
  };
  const BY_HAND = "Set by hand";

  const symbol = (name) => make("i", { className: "bi " + name, aria: { hidden: "true" } });

  function button(icon, words, act, { title = words, shown = words, look = "" } = {}) {
    const inside = [...(icon ? [symbol(icon)] : []), ...(shown ? [make("span", {}, shown)] : [])];
    return make(
      "button",
      { type: "button", className: "lb-tool " + look, title, onclick: act, aria: { label: words } },
      ...inside
    );
  }

  const group = (label, ...children) => make("div", { className: "lb-tool-group", role: "group", aria: { label } }, ...children);

  /** Whether a button that stays down is down; buttons that only act are never pressed. */
  const press = (made, on) => made.setAttribute("aria-pressed", String(Boolean(on)));

  // ---- building ------------------------------------------------------------------------------

  function build(viewer) {
    viewer.root.replaceChildren();
    viewer.stage = make("div", {
      id: "viewer-stage", className: "lb-stage", tabIndex: 0, role: "group", aria: { label: "Slices of the scan" },
    });
    const parts = (viewer.parts = { message: make("p", { className: "lb-viewer-message", role: "status", hidden: true }) });
    parts.planes = group("Planes");
    parts.tools = group("Tools");
    parts.picture = group("Picture");
    parts.zoom = group("Zoom", ...zooms(viewer));
    parts.says = make("span", { className: "lb-viewer-says" });
    parts.hide = button("bi-eye-slash", "Hide overlays", () => viewer.setHidden(!viewer.hidden), { title: "Hide overlays (H)", shown: "" });
    const help = button("bi-question-lg", "Keys", () => lightbox.keys.help(), { title: "Keys (?)", shown: "" });
    const bar = make(
      "div", { className: "lb-viewer-bar", role: "toolbar", aria: { label: "Viewer" } },
      parts.says, parts.planes, parts.tools, parts.picture, parts.zoom, group("View", parts.hide, help)
    );
    viewer.root.append(bar, parts.message, viewer.stage, sliceRow(viewer), settings(viewer));
  }

  function zooms(viewer) {
    const each = (act) => () => (viewer.active ?? viewer.panes[0]) && act(viewer.active ?? viewer.panes[0]);
    return [
      button("bi-zoom-out", "Smaller", each((pane) => pane.zoomAt(1 / 1.4)), { shown: "" }),
      button("bi-aspect-ratio", "Fit", each((pane) => pane.setView({ ...pane.view, zoom: 1 })), { shown: "", title: "Fit (0)" }),
      button("bi-zoom-in", "Larger", each((pane) => pane.zoomAt(1.4)), { shown: "" }),
    ];
  }

  function sliceRow(viewer) {
    const slider = make("input", {
      type: "range", id: "viewer-slice", className: "lb-range", min: 0, step: 1, aria: { label: "Slice" },
      oninput: () => viewer.goTo(Number(slider.value)),
    });
    viewer.parts.slice = slider;
    viewer.parts.sliceRow = make("div", { className: "lb-slice-row", id: "viewer-slice-row" }, slider);
    return viewer.parts.sliceRow;
  }

  function settings(viewer) {
    const { parts } = viewer;
    parts.layers = make("fieldset", { className: "lb-layers", id: "viewer-layers" });
    parts.opacity = make("input", {
      type: "range", className: "lb-range", min: 0, max: 100, step: 5, aria: { label: "Opacity of fills" },
      oninput: () => {
        viewer.opacity = Number(parts.opacity.value) / 100;
        viewer.redraw();
      },
    });
    parts.opacityRow = make("label", { className: "lb-control" }, make("span", { className: "lb-control-name" }, "Opacity"), parts.opacity);
    parts.source = make("select", {
      className: "lb-select", id: "viewer-source", onchange: () => {
        viewer.source = parts.source.value;
        viewer.redraw();
      },
    });
    for (const [value, words] of [["ai", "AI"], ["corrected", "Corrected"], ["both", "Both"]]) {
      parts.source.append(make("option", { value }, words));
    }
    parts.sourceRow = make("label", { className: "lb-control" }, make("span", { className: "lb-control-name" }, "Mask"), parts.source);
    parts.jumps = make("div", { className: "lb-jumps", id: "viewer-jumps" });
    parts.whatIf = lightbox.whatIf.build(viewer);
    return make(
      "div", { className: "lb-controls" },
      parts.layers, parts.opacityRow, windows(viewer), parts.sourceRow, parts.whatIf, parts.jumps
    );
  }

  function windows(viewer) {
    const { parts } = viewer;
    const choose = (chosen) => chosen && viewer.setWindow(chosen);
    parts.presets = make("select", {
      className: "lb-select", id: "viewer-preset", aria: { label: "Window by name" },
      onchange: () => choose(viewer.data.windows.find(({ name }) => name === parts.presets.value)),
    });
    const usual = make("button", {
      type: "button", className: "lb-tool", id: "viewer-default-window", onclick: () => choose(viewer.data.windows[0]),
    }, "Default");
    const end = (name, words) => make("input", {
      type: "number", className: "lb-number", step: "any", aria: { label: words },
      onchange: (event) => choose({ ...viewer.window, [name]: Number(event.target.value) }),
    });
    parts.low = end("low", "Window: what is black");
    parts.high = end("high", "Window: what is white");
    return make(
      "div", { className: "lb-control", role: "group", aria: { label: "Window" } },
      make("span", { className: "lb-control-name" }, "Window"), parts.presets, parts.low, "to", parts.high, usual
    );
  }

  // ---- in step with the state ----------------------------------------------------------------

  /** Everything, for a scan or what is new of one. */
  function show(viewer) {
    const { parts, data } = viewer;
    parts.says.textContent = data.says;
    parts.picture.replaceChildren(...turns(viewer));
    parts.picture.hidden = data.shape[0] > 1 || data.placed;
    parts.presets.replaceChildren(make("option", { value: "" }, BY_HAND), ...data.windows.map(({ name }) => make("option", { value: name }, name)));
    parts.layers.replaceChildren(make("legend", { className: "visually-hidden" }, "Layers"), ...toggles(viewer));
    parts.jumps.replaceChildren(...jumps(viewer));
    parts.sourceRow.hidden = !data.sources.corrected;
    parts.opacity.value = Math.round(viewer.opacity * 100);
    tools(viewer);
    layout(viewer);
    layers(viewer);
    window_(viewer);
    slice(viewer);
    status(viewer);
    lightbox.whatIf.show(viewer);
  }

  function toggles(viewer) {
    return lightbox.layers.offered(viewer.data).map((name) => {
      const box = make("input", {
        type: "checkbox", className: "form-check-input", role: "switch", id: "viewer-layer-" + name,
        onchange: () => viewer.toggleLayer(name, box.checked),
      });
      const words = make("label", { className: "form-check-label", htmlFor: box.id }, lightbox.layers.NAMES[name]);
      return make("div", { className: "form-check form-switch" }, box, words);
    });
  }

  function turns(viewer) {
    return [
      button("bi-symmetry-vertical", "Mirror", () => viewer.turn((view) => ({ mirrored: !view.mirrored })), { shown: "" }),
      button("bi-arrow-clockwise", "Turn by 90°", () => viewer.turn((view) => ({ turns: (view.turns + 1) % 4 })), { shown: "" }),
    ];
  }

  function jumps(viewer) {
    return viewer.lesions().map((lesion, order) =>
      make(
        "button",
        { type: "button", className: "btn btn-sm btn-outline-light", title: "Go to the largest slice of lesion " + (order + 1), data: { slice: lesion.largest } },
        order + 1 + ": slice " + (lesion.largest + 1)
      )
    );
  }

  /** The buttons of tools. */
  function tools(viewer) {
    if (!viewer.data) return;
    const chosen = lightbox.viewer.tool()?.name ?? null;
    const each = [{ name: null, label: "Browse", icon: "bi-hand-index", key: "V" }, ...lightbox.viewer.tools()].filter(({ icon }) => icon);
    viewer.parts.tools.replaceChildren(
      ...each.map(({ name, label, icon, key }) => {
        const made = button(icon, label, () => lightbox.viewer.chooseTool(name), { title: key ? label + " (" + key + ")" : label, shown: "" });
        press(made, name === chosen);
        return made;
      })
    );
    viewer.stage.style.cursor = lightbox.viewer.tool()?.cursor ?? "";
  }

  function chooseLayout(viewer, name) {
    if (name === "rendering" && !lightbox.rendering.supported()) say(viewer, lightbox.rendering.NO_WEBGL);
    else viewer.setLayout(name);
  }

  /** The buttons of planes and layouts. */
  function layout(viewer) {
    const { parts, planes } = viewer;
    if (!viewer.data) return;
    const single = viewer.data.shape[0] === 1;
    const partial = Boolean(viewer.volume?.partial);
    const made = planes.map((plane, order) => {
      const each = button("", plane.label, () => viewer.setLayout(viewer.layout === "mosaic" ? "mosaic" : "single", plane), { title: plane.label + " (" + (order + 1) + ")" });
      press(each, ["single", "mosaic"].includes(viewer.layout) && plane === viewer.plane);
      each.disabled = partial && plane !== viewer.native;
      return each;
    });
    for (const [name, [icon, words]] of Object.entries(LAYOUTS)) {
      const each = button(icon, words, () => chooseLayout(viewer, name));
      press(each, viewer.layout === name);
      each.disabled = partial && name !== "mosaic";
      if (name === "rendering" && !lightbox.rendering.supported()) each.setAttribute("aria-disabled", "true");
      made.push(each);
    }
    parts.planes.replaceChildren(...made);
    parts.planes.hidden = single;
    const solid = viewer.layout === "rendering";
    parts.sliceRow.hidden = single || solid;
    parts.zoom.hidden = parts.tools.hidden = parts.layers.hidden = solid; // they act on slices
  }

  /** The switches of layers. */
  function layers(viewer) {
    for (const box of viewer.parts.layers.querySelectorAll("input")) {
      box.checked = viewer.layers.has(box.id.slice("viewer-layer-".length));
    }
    viewer.parts.source.value = viewer.source;
    viewer.parts.opacityRow.hidden = !viewer.layers.has("fill") && !viewer.layers.has("heatmap");
    press(viewer.parts.hide, viewer.hidden);
  }

  function window_(viewer) {
    const { parts, window: now, data } = viewer;
    parts.presets.value = lightbox.windows.named(now, data.windows);
    for (const name of ["low", "high"]) parts[name].value = lightbox.windows.digits(now[name], now.high - now.low);
    links(viewer);
  }

  /** The slider, what it says, and the links that follow the slice. */
  function slice(viewer) {
    const { front, parts, data } = viewer;
    if (!parts.slice || !data) return;
    const index = viewer.indexOf(front);
    parts.slice.max = front.size[0] - 1;
    parts.slice.value = index;
    parts.slice.setAttribute("aria-valuetext", front.label + ", slice " + (index + 1) + " of " + front.size[0]);
    viewer.stage.setAttribute("aria-label", data.shape[0] > 1 ? front.label + ", slice " + (index + 1) + " of " + front.size[0] + "; arrow keys change the slice" : "Picture");
    links(viewer);
  }

  /** The links to files of what is shown. */
  function links({ data, cross, source, window: { low, high } }) {
    const layer = source === "both" ? "corrected" : source;
    const overlay = ".png?layer=" + layer + "&low=" + low + "&high=" + high;
    for (const link of document.querySelectorAll("[data-follows]")) {
      link.href =
        link.dataset.follows === "mask"
          ? data.base + "/download/mask?form=png&index=" + cross[0] + "&layer=" + layer
          : data.base + "/download/overlay/" + cross[0] + overlay;
    }
  }

  /** What a person must know of the streaming. */
  function status(viewer) {
    if (!viewer.volume) return;
    if (viewer.volume.partial && !viewer.told) {
      viewer.told = true;
      say(viewer, "This scan is too large for this device's memory: only the plane it was taken in can be shown here.");
      layout(viewer);
    }
  }

  function say(viewer, sentence) {
    viewer.parts.message.textContent = sentence;
    viewer.parts.message.hidden = !sentence;
  }

  lightbox.controls = { chooseLayout, build, show, tools, layout, layers, window: window_, slice, status, say };
})(window.lightbox);

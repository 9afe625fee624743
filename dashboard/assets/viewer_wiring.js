/* What Dash calls, and what other scripts may use of the viewer. */

(function (lightbox, callbacks) {
  "use strict";

  let viewer = null;

  /** The viewer that is on the page and shows a scan, or null. */
  lightbox.shownViewer = () => (viewer && viewer.root.isConnected && viewer.data ? viewer : null);

  callbacks.showInViewer = function (data) {
    const root = document.getElementById("viewer");
    if (!root || !data) return;
    if (!viewer || viewer.root !== root) {
      viewer?.close();
      viewer = new lightbox.Viewer(root);
    }
    viewer.show(data);
  };

  document.addEventListener("click", (event) => {
    const jump = event.target.closest("[data-slice]");
    const shown = lightbox.shownViewer();
    if (!jump || !shown) return;
    const slice = Number(jump.dataset.slice);
    const lesion = shown.lesions().find(({ largest }) => largest === slice);
    const elsewhere = shown.layout === "rendering" || shown.plane !== shown.native;
    if (shown.layout !== "three" && elsewhere) shown.setLayout("single", shown.native);
    shown.setCross([slice, ...(lesion ?? { centroid: shown.cross }).centroid.slice(1)]);
  });

  /** What is shown now, or null: see docs/architecture.md, "The viewer". */
  function current() {
    const shown = lightbox.shownViewer();
    if (!shown) return null;
    const { data, volume, masks, drawn, front } = shown;
    const [slices, rows, columns] = data.shape;
    const spacing = data.spacing.every(Boolean) ? data.spacing : null;
    const all = [...masks, ...drawn].map(([name, { voxels }]) => [name, voxels]);
    return {
      scan: data.scan,
      volume: { slices, rows, columns, voxels: volume.voxels, spacing, complete: volume.complete },
      masks: new Map(all),
      versions: Object.fromEntries(Object.entries(data.sources).map(([name, source]) => [name, source.version])),
      source: shown.source,
      plane: front.name,
      slice: shown.indexOf(front),
      planes: shown.planes,
      cross: shown.cross,
      affine: data.placed ? data.affine : null,
    };
  }

  Object.assign(lightbox.viewer, {
    current,
    redraw: () => lightbox.shownViewer()?.redraw(),
    setLayer: (name, voxels, options) => lightbox.shownViewer()?.setLayer(name, voxels, options),
    goTo: (voxel) => lightbox.shownViewer()?.setCross(voxel),
    say: (sentence) => lightbox.shownViewer() && lightbox.controls.say(lightbox.shownViewer(), sentence),
  });

  lightbox.viewer.addTool({ name: "window", label: "Window", icon: "bi-brightness-high", key: "W", cursor: "ns-resize" });
})(window.lightbox, window.dash_clientside.lightbox);

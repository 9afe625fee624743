/* Measuring without a mouse: Enter puts a measurement at the crosshair, Shift and arrows move its end that is
   taken, Shift and Enter take the next end, Delete deletes. Loaded before the viewer's keys, which leave alone
   what was taken here. */

(function (lightbox) {
  "use strict";

  const { measuring } = lightbox;
  const HALF = 10; // voxels from the crosshair to each end, at first
  const STEP = 2; // pixels of the screen
  const SETTLED_MS = 500; // after the last key an end is kept where it is
  const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const LISTED = [
    [["Delete", "Backspace"], "Delete the selected measurement"],
    [["Enter"], "Measure at the crosshair, with a measuring tool chosen"],
    [["Shift+arrows"], "Move the end that is taken of the selected measurement"],
    [["Shift+Enter"], "Take its next end"],
  ];

  let timer = null;

  function removeSelected() {
    const { selected } = measuring.room();
    if (selected?.may_delete) measuring.remove(selected);
    return Boolean(selected?.may_delete);
  }

  /** A measurement of a kind around the crosshair, on the plane in front. */
  function atCrosshair(kind, viewer) {
    const [axis, row, column] = viewer.front.axes;
    const place = measuring.place(axis);
    const off = (down, across) => {
      const point = [...viewer.cross];
      point[row] += down * HALF;
      point[column] += across * HALF;
      return measuring.within(point, place.shape);
    };
    const [left, right] = [off(0, -1), off(0, 1)];
    if (kind === "bidirectional") return measuring.begun(kind, axis, measuring.crossed(left, right, place));
    return measuring.begun(kind, axis, kind === "angle" ? [right, off(0, 0), off(-1, 0)] : [left, right]);
  }

  function put(viewer) {
    const tool = lightbox.viewer.tool();
    if (!measuring.isTool(tool) || !measuring.room().ready) return false;
    const item = atCrosshair(tool.name, viewer);
    measuring.select(item);
    measuring.keep(item);
    return true;
  }

  const movable = () => {
    const { selected } = measuring.room();
    return selected?.may_move ? selected : null;
  };

  function takeNext() {
    const item = movable();
    if (!item) return false;
    measuring.take((measuring.room().taken + 1) % item.points.length);
    return true;
  }

  function move([across, down], viewer) {
    const item = movable();
    const pane = item && viewer.panes.find((each) => each.shift === null && measuring.shown(each).some((seen) => seen.item === item));
    if (!pane) return false;
    const { taken } = measuring.room();
    const [x, y] = pane.toCanvas(item.points[taken]);
    const { voxel } = pane.pointAt([x + across * STEP, y + down * STEP]);
    measuring.setPoints(item, measuring.dragged(item.kind, item.points, taken, voxel, measuring.place(item.slice_axis)));
    clearTimeout(timer);
    timer = setTimeout(() => measuring.keep(item), SETTLED_MS);
    return true;
  }

  function pressed(event, viewer) {
    if (event.shiftKey && event.key in WAYS) return move(WAYS[event.key], viewer);
    if (event.key === "Enter" && !event.target.closest?.("button, a, summary, input, select")) {
      return event.shiftKey ? takeNext() : put(viewer);
    }
    return (event.key === "Delete" || event.key === "Backspace") && removeSelected();
  }

  document.addEventListener("keydown", (event) => {
    const viewer = lightbox.shownViewer?.();
    if (!viewer || event.altKey || event.ctrlKey || event.metaKey || lightbox.keys.busy(event)) return;
    if (pressed(event, viewer)) event.preventDefault();
  });

  let listed = false;
  document.addEventListener("lightbox:measurements", () => {
    if (listed || !lightbox.viewer.addKeys) return;
    listed = true;
    for (const [keys, label] of LISTED) lightbox.viewer.addKeys({ keys, label });
  });
})(window.lightbox);

/* Mouse, pen and fingers on the slices. Right drag: window; middle drag: move; two fingers: zoom and move;
   left drag or one finger: the chosen tool, or the viewer's own way of moving. */

(function (lightbox) {
  "use strict";

  const ZOOM_STEP = 1.15;
  const LEAST_DRAG_PIXELS = 4; // for a slice
  const WINDOW = "window";

  const paneOf = (event) => event.target.closest?.(".lb-pane")?.pane ?? null;

  function placeIn(pane, event) {
    const { left, top } = pane.element.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  // ---- what a press does: each gives { move(event), end?(event), cancel?() } ------------------

  function panning(viewer, pane, event) {
    const from = { x: event.clientX, y: event.clientY, pan: pane.view.pan };
    return {
      move({ clientX, clientY }) {
        pane.setView({ ...pane.view, pan: [from.pan[0] + clientX - from.x, from.pan[1] + clientY - from.y] });
      },
    };
  }

  function windowing(viewer, pane, event) {
    const from = { x: event.clientX, y: event.clientY, window: viewer.window };
    return {
      move({ clientX, clientY }) {
        viewer.setWindow(lightbox.windows.dragged(from.window, clientX - from.x, clientY - from.y, viewer.data.windows[0]));
      },
      cancel: () => viewer.setWindow(from.window),
    };
  }

  function scrolling(viewer, pane, event) {
    const from = { y: event.clientY, index: pane.index };
    const slice = Math.max(LEAST_DRAG_PIXELS, pane.frame[1] / pane.own.size[0]);
    return { move: ({ clientY }) => viewer.goTo(from.index + Math.round((clientY - from.y) / slice), pane.own) };
  }

  function pointing(viewer, pane, event) {
    const move = (next) => viewer.setCross(pane.pointAt(placeIn(pane, next)).voxel);
    move(event);
    return { move };
  }

  function choosing(viewer, pane) {
    viewer.goTo(pane.index, pane.own);
    return { move() {} };
  }

  function using(tool, pane, event) {
    const point = (next) => pane.pointAt(placeIn(pane, next));
    if (tool.down?.(point(event), event) === false) return null;
    return {
      move: (next) => tool.move?.(point(next), next),
      end: (next) => tool.up?.(point(next), next),
      cancel: () => tool.cancel?.(),
    };
  }

  function moving(viewer, pane, event) {
    if (pane.shift !== null) return choosing(viewer, pane);
    if (viewer.layout === "three") return pointing(viewer, pane, event);
    return pane.view.zoom > 1 ? panning(viewer, pane, event) : scrolling(viewer, pane, event);
  }

  function pressed(viewer, pane, event) {
    if (event.button === 2) return windowing(viewer, pane, event);
    if (event.button === 1) return panning(viewer, pane, event);
    const tool = lightbox.viewer.tool();
    if (tool?.name === WINDOW) return windowing(viewer, pane, event);
    return (tool && using(tool, pane, event)) || moving(viewer, pane, event);
  }

  // ---- two fingers ---------------------------------------------------------------------------

  function pinching(pane, fingers) {
    const measured = () => {
      const [a, b] = [...fingers.values()].map((event) => placeIn(pane, event));
      return {
        middle: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2],
        apart: Math.max(1, Math.hypot(a[0] - b[0], a[1] - b[1])),
      };
    };
    let before = measured();
    return {
      move() {
        const now = measured();
        const [across, down] = [now.middle[0] - before.middle[0], now.middle[1] - before.middle[1]];
        pane.zoomAt(now.apart / before.apart, before.middle);
        pane.setView({ ...pane.view, pan: [pane.view.pan[0] + across, pane.view.pan[1] + down] });
        before = now;
      },
    };
  }

  // ---- events --------------------------------------------------------------------------------

  function onWheel(viewer, state, event) {
    const pane = paneOf(event);
    if (!pane) return;
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) {
      pane.zoomAt(event.deltaY < 0 ? ZOOM_STEP : 1 / ZOOM_STEP, placeIn(pane, event));
      return;
    }
    if (pane.shift === null) viewer.activate(pane);
    state.wheel = lightbox.wheel.turned(state.wheel, event);
    if (state.wheel.steps) viewer.step(state.wheel.steps, pane.own);
  }

  function onDown(viewer, state, event) {
    const pane = paneOf(event);
    if (!pane || !viewer.data) return;
    if (event.button === 1) event.preventDefault(); // no autoscroll
    viewer.stage.focus({ preventScroll: true });
    state.fingers.set(event.pointerId, event);
    viewer.stage.setPointerCapture(event.pointerId);
    if (state.fingers.size > 1) {
      if (state.fingers.size === 2) {
        state.action?.cancel?.();
        state.action = pinching(state.pane, state.fingers);
      }
      return;
    }
    state.pane = pane;
    if (pane.shift === null) viewer.activate(pane);
    state.action = pressed(viewer, pane, event);
  }

  function onMove(viewer, state, event) {
    const held = state.fingers.has(event.pointerId);
    if (held) state.fingers.set(event.pointerId, event);
    const pane = held ? state.pane : paneOf(event);
    if (held) state.action?.move(event);
    if (!pane || !viewer.data || !pane.element.isConnected) return;
    const point = pane.pointAt(placeIn(pane, event));
    for (const other of viewer.panes) lightbox.setText(other.readout, other === pane ? viewer.pointWords(pane, point) : "");
    if (!held) lightbox.viewer.tool()?.hover?.(point, event);
  }

  function onUp(state, event) {
    if (!state.fingers.delete(event.pointerId)) return;
    const { action } = state;
    state.action = null; // the finger that stays of a pinch does nothing
    if (event.type === "pointercancel") action?.cancel?.();
    else action?.end?.(event);
  }

  // The stage captures the pointer, so that a click's own target is no pane.
  function onTwice(viewer, { pane }, event) {
    if (!pane?.element.isConnected || lightbox.viewer.tool()) return;
    if (viewer.layout !== "single") viewer.setLayout("single", pane.own);
    else if (pane.view.zoom > 1) pane.setView({ ...pane.view, zoom: 1 });
    else pane.zoomAt(2, placeIn(pane, event));
  }

  function listen(viewer) {
    const state = { wheel: lightbox.wheel.still, fingers: new Map(), action: null, pane: null };
    const { stage } = viewer;
    stage.addEventListener("wheel", (event) => onWheel(viewer, state, event), { passive: false });
    stage.addEventListener("pointerdown", (event) => onDown(viewer, state, event));
    stage.addEventListener("pointermove", (event) => onMove(viewer, state, event));
    stage.addEventListener("pointerup", (event) => onUp(state, event));
    stage.addEventListener("pointercancel", (event) => onUp(state, event));
    stage.addEventListener("pointerleave", () => viewer.panes.forEach((pane) => lightbox.setText(pane.readout, "")));
    stage.addEventListener("dblclick", (event) => onTwice(viewer, state, event));
    stage.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  lightbox.pointers = { listen, paneOf, placeIn };
})(window.lightbox);

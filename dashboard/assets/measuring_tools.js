/* Ruler, two perpendicular diameters and angle: what presses and drags do. */

(function (lightbox) {
  "use strict";

  const { measuring } = lightbox;
  const GRIP = 10; // pixels around a handle
  const LEAST = 4; // pixels: a shorter drag was a click
  const KINDS = {
    ruler: { label: "Ruler", icon: "bi-rulers", key: "L" },
    bidirectional: { label: "Two diameters", icon: "bi-arrows-move", key: "D" },
    angle: { label: "Angle", icon: "bi-triangle", key: "J" },
  };
  const SECOND_SIDE = "Now press where the other side of the angle ends.";

  let action = null; // what the press at hand does: { move(voxel), up() }

  function apartInPane(pane, first, second) {
    const [a, b] = [pane.toCanvas(first), pane.toCanvas(second)];
    return Math.hypot(a[0] - b[0], a[1] - b[1]);
  }

  // ---- what a press does ---------------------------------------------------------------------

  /** Moves one end, or the whole where a line was taken. */
  function dragging(item, handle, start) {
    const before = item.points;
    const place = measuring.place(item.slice_axis);
    return {
      move(voxel) {
        const points =
          handle === null
            ? measuring.shifted(before, voxel.map((value, axis) => value - start[axis]), place.shape)
            : measuring.dragged(item.kind, before, handle, voxel, place);
        measuring.setPoints(item, points);
      },
      up: () => item.points !== before && measuring.keep(item),
      cancel: () => measuring.setPoints(item, before),
    };
  }

  function kept(draft) {
    measuring.setDraft(null);
    measuring.select(draft);
    measuring.keep(draft);
  }

  /** A ruler, the first of two diameters, or the first side of an angle. */
  function drawing(kind, pane, start) {
    const axis = pane.own.axes[0];
    const place = measuring.place(axis);
    const from = measuring.within(start, place.shape);
    const draft = measuring.begun(kind, axis, pointsOf(kind, from, from, place));
    measuring.select(null);
    measuring.setDraft(draft);
    return {
      move: (voxel) => measuring.setPoints(draft, pointsOf(kind, from, measuring.within(voxel, place.shape), place)),
      up() {
        if (apartInPane(pane, from, draft.points[1]) < LEAST) return measuring.setDraft(null);
        if (kind !== "angle") return kept(draft);
        return lightbox.viewer.say(SECOND_SIDE);
      },
      cancel: () => measuring.setDraft(null),
    };
  }

  function pointsOf(kind, from, to, place) {
    if (kind === "bidirectional") return measuring.crossed(from, to, place);
    return kind === "angle" ? [from, to, to] : [from, to];
  }

  /** The second side of an angle whose first one is drawn. */
  function secondSide(draft, pane, voxel) {
    const { shape } = measuring.place(draft.slice_axis);
    const move = (at) => measuring.setPoints(draft, [draft.points[0], draft.points[1], measuring.within(at, shape)]);
    move(voxel);
    return {
      move,
      up() {
        if (apartInPane(pane, draft.points[1], draft.points[2]) < LEAST) return;
        lightbox.viewer.say("");
        kept(draft);
      },
      cancel: () => measuring.setDraft(null),
    };
  }

  const waitsFor = (draft, pane) =>
    draft?.kind === "angle" && measuring.shown(pane).some(({ item }) => item === draft);

  function pressed(kind, voxel, event) {
    const pane = lightbox.pointers.paneOf(event);
    const { ready, draft, items } = measuring.room();
    if (!pane || pane.shift !== null || !ready) return null;
    if (waitsFor(draft, pane)) return secondSide(draft, pane, voxel);
    const under = measuring.hit(measuring.shown(pane), lightbox.pointers.placeIn(pane, event), GRIP);
    const item = under && items.find(({ key }) => key === under.id);
    if (!item) return drawing(kind, pane, voxel);
    measuring.select(item, under.handle ?? 0);
    return item.may_move ? dragging(item, under.handle, voxel) : { move() {}, up() {} };
  }

  function tool(kind) {
    return {
      name: kind,
      ...KINDS[kind],
      cursor: "crosshair",
      down(point, event) {
        action = pressed(kind, point.voxel, event);
        return action !== null;
      },
      move: ({ voxel }) => action?.move(voxel),
      up() {
        action?.up();
        action = null;
      },
      cancel() {
        action?.cancel?.();
        action = null;
        if (!measuring.room().draft) return;
        measuring.setDraft(null);
        lightbox.viewer.say("");
      },
      hover({ voxel }, event) {
        const { draft } = measuring.room();
        const pane = lightbox.pointers.paneOf(event);
        if (!pane || !waitsFor(draft, pane)) return;
        const { shape } = measuring.place(draft.slice_axis);
        measuring.setPoints(draft, [draft.points[0], draft.points[1], measuring.within(voxel, shape)]);
      },
    };
  }

  // ---- tools ------------------------------------------------------------------------

  const isTool = (chosen) => Boolean(chosen && chosen.name in KINDS);
  let offered = false;

  /** Offers the tools to those who may measure. */
  function offer() {
    const { mayAdd } = measuring.room();
    if (mayAdd === offered) return;
    offered = mayAdd;
    for (const kind of Object.keys(KINDS)) {
      if (mayAdd) lightbox.viewer.addTool(tool(kind));
      else lightbox.viewer.removeTool(kind);
    }
  }

  document.addEventListener("lightbox:measurements", offer);

  lightbox.viewer.addTool({ name: "measurements", draw: measuring.draw }); // without a button: it only draws
  Object.assign(measuring, { isTool, KINDS });
})(window.lightbox);

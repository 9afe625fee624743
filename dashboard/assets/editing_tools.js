/* The tools of a correction, as the viewer takes them: what a pointer in a plane does to the mask.

   A room is { session, settings, picture, span, say }: the correction under way, what is set in the panel, the
   scan's voxels (null while they come), the range of their values, and where a sentence goes. */

(function (lightbox) {
  "use strict";

  const editing = (lightbox.editing = lightbox.editing || {});
  const PEN_ERASER = 32; // of a pointer event's buttons: the other end of a pen
  const LOADING = "The scan's values are still on their way; try again in a moment.";

  const axisOf = ({ plane }) => lightbox.shownViewer().planes.find(({ name }) => name === plane).axes[0];

  /** A point's place, in the middle of its slice. */
  function placeOf(point) {
    const axis = axisOf(point);
    return point.voxel.map((value, way) => (way === axis ? Math.round(value) : value));
  }

  const wordsOf = (count) => (count === 1 ? "1 voxel" : count + " voxels");

  function painting(room, name, value) {
    let last = null;
    let drawn = value;
    let at = null; // the pointer, drawn or not
    const paint = (point) => {
      const place = placeOf(point);
      const { grid, mask } = room.session;
      mask.setAll(editing.brush.stroke(grid, last.axis, last.place, place, room.settings.radius), drawn);
      last.place = place;
      lightbox.viewer.redraw();
    };
    return {
      down(point, event) {
        drawn = event.pointerType === "pen" && event.buttons & PEN_ERASER ? 0 : value;
        last = { axis: axisOf(point), place: placeOf(point) };
        at = point;
        paint(point);
      },
      move(point) {
        at = point;
        if (last) paint(point);
      },
      hover(point) {
        at = point;
        lightbox.viewer.redraw();
      },
      up() {
        if (last) room.session.step(name);
        last = null;
      },
      cancel() {
        if (last) room.session.mask.cancel();
        last = null;
        at = null;
        lightbox.viewer.redraw();
      },
      draw(context, pane) {
        if (at) ring(context, pane, at, room);
      },
    };
  }

  /** The brush's own outline around the pointer: an ellipse where voxels are not square on the screen. */
  function ring(context, pane, point, room) {
    if (pane.plane !== point.plane || pane.index !== point.slice) return;
    const [first, second] = editing.grid.planeAxes(axisOf(point));
    const mm = editing.grid.spacing(room.session.grid);
    const middle = placeOf(point);
    const place = [...middle];
    context.beginPath();
    for (let step = 0; step <= 48; step++) {
      const angle = (step / 48) * 2 * Math.PI;
      place[first] = middle[first] + (Math.sin(angle) * room.settings.radius) / mm[first];
      place[second] = middle[second] + (Math.cos(angle) * room.settings.radius) / mm[second];
      context.lineTo(...pane.toCanvas(place));
    }
    stroked(context);
  }

  function stroked(context) {
    context.lineWidth = 3;
    context.strokeStyle = "rgba(0, 0, 0, 0.6)";
    context.stroke();
    context.lineWidth = 1.5;
    context.strokeStyle = lightbox.layers.COLOURS.drawn;
    context.stroke();
  }

  /** A drawn outline; `enclose(indices, place)` gets what it encloses. */
  function outlining(room, enclose) {
    let outline = null;
    return {
      down(point) {
        outline = { axis: axisOf(point), plane: point.plane, slice: point.slice, places: [placeOf(point)] };
      },
      move(point) {
        if (!outline) return;
        outline.places.push(placeOf(point));
        lightbox.viewer.redraw();
      },
      up() {
        if (!outline) return;
        const { axis, places } = outline;
        outline = null;
        enclose(editing.brush.enclosed(room.session.grid, axis, places[0][axis], places));
      },
      cancel() {
        outline = null;
        lightbox.viewer.redraw();
      },
      draw(context, pane) {
        if (!outline || pane.plane !== outline.plane || pane.index !== outline.slice) return;
        context.beginPath();
        for (const place of outline.places) context.lineTo(...pane.toCanvas(place));
        context.closePath();
        stroked(context);
      },
    };
  }

  /** A click; `act(voxel, axis)` changes the mask. */
  function clicking(room, act) {
    return {
      down(point) {
        const voxel = editing.grid.voxelAt(room.session.grid, placeOf(point));
        if (voxel) act(voxel, axisOf(point));
      },
    };
  }

  function set(room, indices, value, label, otherwise) {
    const { mask } = room.session;
    const before = mask.count;
    mask.setAll(indices, value);
    if (!room.session.step(label)) return room.say(otherwise);
    const changed = Math.abs(mask.count - before);
    return room.say(wordsOf(changed) + (mask.count > before ? " added." : " removed."));
  }

  function lasso(room) {
    return outlining(room, (indices) =>
      set(room, indices, room.settings.removes ? 0 : 1, "outline", "The outline holds nothing to change.")
    );
  }

  function fill(room) {
    return clicking(room, (voxel, axis) => {
      const hole = editing.brush.hole(room.session.grid, axis, voxel, room.session.mask.voxels);
      if (hole === null) return room.say("Nothing closes this area in: draw its outline first.");
      return set(room, hole, 1, "fill", "This is marked already: click inside a closed outline.");
    });
  }

  function grow(room) {
    return clicking(room, (voxel, axis) => {
      const { tolerance, reach, everywhere } = room.settings;
      const picture = room.picture();
      if (!picture) return room.say(LOADING, false);
      const how = { axis: everywhere ? null : axis, tolerance: tolerance * room.span(), reach: reach };
      const grown = editing.intensity.grow(room.session.grid, picture, voxel, how);
      return set(room, grown, 1, "grow", "All of it is marked already.");
    });
  }

  function threshold(room) {
    return outlining(room, (region) => {
      const picture = room.picture();
      if (!picture) return room.say(LOADING, false);
      let { low } = room.settings;
      const { high } = room.settings;
      if (low === null && high === null) low = editing.intensity.otsu(region.map((index) => picture[index]));
      const marked = low === null && high === null ? [] : editing.intensity.between(picture, region, low, high);
      return set(room, marked, 1, "threshold", "Nothing in the outline is within these values, or it is marked already.");
    });
  }

  function keepOnly(room) {
    return clicking(room, (voxel) => {
      const { grid, mask } = room.session;
      const piece = editing.lesions.pieceAt(grid, mask.voxels, voxel);
      if (!piece.length) return room.say("Click on a marked lesion.");
      const kept = new Uint8Array(mask.voxels.length);
      for (const index of piece) kept[index] = 1;
      mask.replace(kept);
      return room.say(room.session.step("keep only") ? "The other lesions were removed." : "There is no other lesion.");
    });
  }

  function remove(room) {
    return clicking(room, (voxel) => {
      const piece = editing.lesions.pieceAt(room.session.grid, room.session.mask.voxels, voxel);
      set(room, piece, 0, "remove lesion", "Click on a marked lesion.");
    });
  }

  const TOOLS = [
    {
      name: "brush", label: "Brush", icon: "bi-brush", key: "b", make: (room) => painting(room, "brush", 1),
      hint: "Brush: drag to mark.",
    },
    {
      name: "eraser", label: "Eraser", icon: "bi-eraser", key: "e", make: (room) => painting(room, "eraser", 0),
      hint: "Eraser: drag to unmark.",
    },
    {
      name: "lasso", label: "Outline and fill", icon: "bi-bezier2", key: "o", make: lasso,
      hint: "Outline: drag around an area; what lies inside counts.",
    },
    {
      name: "fill", label: "Fill a closed area", icon: "bi-paint-bucket", key: "f", make: fill,
      hint: "Fill: click inside a closed outline.",
    },
    {
      name: "grow", label: "Grow from a click", icon: "bi-magic", key: "g", make: grow,
      hint: "Grow: click; what is connected and about as bright is marked.",
    },
    {
      name: "threshold", label: "Threshold in an outline", icon: "bi-sliders", key: "t", make: threshold,
      hint: "Threshold: drag around an area; what of it is within the values is marked.",
    },
    {
      name: "keep", label: "Keep only one lesion", icon: "bi-bullseye", key: "k", make: keepOnly,
      hint: "Keep only: click on a lesion; the others go.",
    },
    {
      name: "remove", label: "Remove a lesion", icon: "bi-trash3", key: "x", make: remove,
      hint: "Remove: click on a lesion; it goes, in all slices.",
    },
  ];

  editing.tools = {
    kinds: TOOLS.map(({ name, label, icon, key, hint }) => ({ name, label, icon, key, hint })),
    /** The tools over a room, as `lightbox.viewer.addTool` takes them; without icons, as the panel has their buttons. */
    make: (room) =>
      TOOLS.map(({ name, label, key, make }) => ({ name, label, key, cursor: "crosshair", ...make(room) })),
  };
})(window.lightbox);

/* Measurements on a slice: lines, ends to take hold of, and what they come to. */

(function (lightbox) {
  "use strict";

  const SELECTED = "#ffffff";
  const HANDLE = 4.5;
  const ARC = 20;
  const FONT = "600 13px system-ui, sans-serif";
  const MARGIN = 4;

  /** Whether a measurement lies on the slice that a pane shows. */
  function onSlice(item, pane) {
    const { axes } = pane.own;
    if (axes[0] !== item.slice_axis) return false;
    const voxel = lightbox.planes.toVoxel(pane.own, [pane.index, 0, 0]);
    return Math.round(voxel[axes[0]]) === Math.round(item.points[0][axes[0]]);
  }

  /** The measurements on a pane's slice with their places in it, as `hit` wants them. */
  function shown(pane) {
    const { items, draft } = lightbox.measuring.room();
    const all = draft ? [...items, draft] : items;
    return all
      .filter((item) => onSlice(item, pane))
      .map((item) => ({ item, id: item.key, kind: item.kind, places: item.points.map((point) => pane.toCanvas(point)) }));
  }

  function stroke(context, look, width) {
    context.strokeStyle = look;
    context.lineWidth = width;
    context.stroke();
  }

  function lines(context, { item, kind, places }, colour) {
    lightbox.measuring.LINES[kind].forEach(([from, to], order) => {
      context.beginPath();
      context.moveTo(...places[from]);
      context.lineTo(...places[to]);
      context.setLineDash([]);
      stroke(context, "rgba(0, 0, 0, 0.7)", 4);
      context.setLineDash(kind === "bidirectional" && order ? [5, 4] : item.failed ? [2, 3] : []);
      stroke(context, colour, 1.75);
    });
    context.setLineDash([]);
  }

  /** The arc between the two sides of an angle, the shorter way round. */
  function arc(context, [first, vertex, second], colour) {
    const turn = ([x, y]) => Math.atan2(y - vertex[1], x - vertex[0]);
    const [from, to] = [turn(first), turn(second)];
    const wayRound = (to - from + 3 * Math.PI) % (2 * Math.PI) - Math.PI;
    context.beginPath();
    context.arc(...vertex, ARC, from, from + wayRound, wayRound < 0);
    stroke(context, colour, 1.25);
  }

  /** The ends; the one that is `taken` is filled. */
  function handles(context, places, colour, taken) {
    places.forEach(([x, y], end) => {
      context.beginPath();
      context.arc(x, y, HANDLE, 0, 2 * Math.PI);
      context.fillStyle = end === taken ? colour : "rgba(0, 0, 0, 0.55)";
      context.fill();
      stroke(context, colour, 1.5);
    });
  }

  /** The words beside the end that is furthest to the right, or wherever there is room for them. */
  function label(context, words, places, [width, height], colour) {
    context.font = FONT;
    const [right, level] = places.reduce((best, at) => (at[0] > best[0] ? at : best));
    const wide = context.measureText(words).width + 2 * MARGIN;
    const x = Math.max(0, Math.min(right + 10, width - wide));
    const y = Math.max(0, Math.min(level - 20 - MARGIN, height - 20));
    context.fillStyle = "rgba(0, 0, 0, 0.72)";
    context.fillRect(x, y, wide, 20);
    context.fillStyle = colour;
    context.textBaseline = "middle";
    context.fillText(words, x + MARGIN, y + 10.5);
  }

  function draw(context, pane) {
    if (pane.viewer.hidden || pane.viewer.data.scan !== lightbox.measuring.room().scan) return;
    const { selected, taken, draft } = lightbox.measuring.room();
    const grips = lightbox.measuring.isTool(lightbox.viewer.tool());
    for (const each of shown(pane)) {
      const colour = each.item === selected || each.item === draft ? SELECTED : lightbox.layers.COLOURS.measured;
      lines(context, each, colour);
      if (each.kind === "angle") arc(context, each.places, colour);
      if (grips || each.item === selected) handles(context, each.places, colour, each.item === selected ? taken : null);
      label(context, each.item.words, each.places, pane.frame, colour);
    }
  }

  lightbox.measuring = Object.assign(lightbox.measuring ?? {}, { draw, shown });
})(window.lightbox);

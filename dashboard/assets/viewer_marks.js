/* Boxes, numbers and diameters of lesions over a slice. */

(function (lightbox) {
  "use strict";

  function path(context, pane, corners, closed) {
    context.beginPath();
    for (const corner of corners) context.lineTo(...lightbox.zoom.apply(pane.matrix, corner));
    if (closed) context.closePath();
    context.stroke();
  }

  function box(context, pane, { u, v, width, height }) {
    context.strokeStyle = lightbox.layers.COLOURS.box;
    context.lineWidth = 1.5;
    context.setLineDash([5, 3]);
    path(context, pane, [[u, v], [u + width, v], [u + width, v + height], [u, v + height]], true);
    context.setLineDash([]);
  }

  function number(context, pane, { u, v, width, height }, text) {
    const corners = [[u, v], [u + width, v], [u, v + height], [u + width, v + height]];
    const places = corners.map((corner) => lightbox.zoom.apply(pane.matrix, corner));
    const x = Math.max(...places.map(([across]) => across)) + 4;
    const y = Math.min(...places.map(([, down]) => down)) - 4;
    context.font = "600 14px system-ui, sans-serif";
    context.lineWidth = 3;
    context.strokeStyle = "#000";
    context.strokeText(text, x, y);
    context.fillStyle = "#fff";
    context.fillText(text, x, y);
  }

  // Ends are (row, column) of the acquisition's own slice; a pixel's centre is half a pixel in.
  function diameters(context, pane, lesion) {
    if (pane.own !== pane.viewer.native || pane.index !== lesion.largest) return;
    context.strokeStyle = lightbox.layers.COLOURS.diameter;
    context.lineWidth = 2;
    for (const [ends, dashes] of [[lesion.longest, []], [lesion.perpendicular, [3, 3]]]) {
      context.setLineDash(dashes);
      path(context, pane, ends.map(([row, column]) => [column + 0.5, row + 0.5]), false);
    }
    context.setLineDash([]);
  }

  function draw(context, pane) {
    const { layers } = pane.viewer;
    pane.viewer.lesions().forEach((lesion, order) => {
      const place = lightbox.outlines.boxOn(pane.own, lesion.box, pane.index);
      if (place && layers.has("box")) box(context, pane, place);
      if (place && layers.has("numbers")) number(context, pane, place, String(order + 1));
      if (layers.has("diameters")) diameters(context, pane, lesion);
    });
  }

  lightbox.marks = { draw };
})(window.lightbox);

/* What lies over the slices: masks, probability, heat map, boxes, numbers; which of them are on. */

(function (lightbox) {
  "use strict";

  // Chosen so that the colour-blind tell apart what is drawn together (tests/dashboard/test_colours.py).
  const COLOURS = {
    ai: "#ff6347",
    corrected: "#40c4ff",
    drawn: "#ffd34d", // the mask under the brush
    theirs: "#ff8af5", // that of another reader
    whatIf: "#ffd34d", // broken
    box: "#57c7ff",
    diameter: "#ffd34d",
    measured: "#ff8af5", // by people, with ruler and angle
  };
  const NAMES = {
    outline: "Outline",
    fill: "Fill",
    box: "Box",
    numbers: "Lesion numbers",
    diameters: "Diameters",
    probability: "Probability",
    heatmap: "Heat map",
  };

  /** The layers that a scan has something for, by name. */
  function offered({ sources, probability, heatmap }) {
    const names = Object.keys(sources).length ? ["outline", "fill", "box", "numbers", "diameters"] : [];
    if (probability) names.push("probability");
    if (heatmap) names.push("heatmap");
    return names;
  }

  /** Which are on when a scan is opened: nothing that hides texture, but a heat map has no outline. */
  const usual = (names) => new Set(names.filter((name) => name === "outline" || name === "heatmap"));

  /** The sources that are drawn under a choice of "ai", "corrected" or "both". */
  const shown = (source) => (source === "both" ? ["ai", "corrected"] : [source]);

  const address = (base, name, version) => base + "/mask.bin?layer=" + name + "&v=" + version;

  /** Red, green and blue of "#rrggbb". */
  const rgb = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

  lightbox.layers = { COLOURS, NAMES, offered, usual, shown, address, rgb };
})(window.lightbox);

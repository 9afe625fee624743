/* What if the threshold were another one: the kept probability cut anew, to look at and never kept. */

(function (lightbox) {
  "use strict";

  const { make } = lightbox;
  const NOT_KEPT = "Only to look at: nothing is saved, and specks are not removed.";

  function build(viewer) {
    const { parts } = viewer;
    parts.threshold = make("input", {
      type: "range", className: "lb-range", min: 0.01, max: 0.99, step: 0.01, disabled: true,
      id: "viewer-threshold", aria: { label: "Threshold, to look at" },
      oninput: () => viewer.setThreshold(Number(parts.threshold.value)),
    });
    parts.cut = make("output", { className: "lb-what-if-words", id: "viewer-what-if" });
    const reset = make("button", { type: "button", className: "lb-tool", onclick: () => end(viewer) }, "Reset");
    const whole = make(
      "details", { className: "lb-what-if" },
      make("summary", {}, "What if the threshold were another"),
      make("div", { className: "lb-control" }, parts.threshold, reset),
      parts.cut,
      make("p", { className: "lb-what-if-note" }, NOT_KEPT)
    );
    whole.ontoggle = () => whole.open && ready(viewer);
    return whole;
  }

  async function ready(viewer) {
    const { parts } = viewer;
    if (!viewer.probability) parts.cut.textContent = "Fetching the probabilities";
    const there = await viewer.wantProbability();
    if (!there) {
      parts.cut.textContent = "The probabilities could not be fetched.";
      return;
    }
    parts.threshold.disabled = false;
    if (viewer.threshold === null) parts.threshold.value = viewer.cutAt;
    words(viewer);
  }

  function end(viewer) {
    viewer.setThreshold(null);
    if (viewer.cutAt !== null) viewer.parts.threshold.value = viewer.cutAt;
  }

  /** A number of voxels as mL where the file states their size, else as a number. */
  function amount(viewer, voxels) {
    const [slice, row, column] = viewer.data.spacing;
    const flat = viewer.data.shape[0] === 1;
    if (slice && row && column && !flat) return ((voxels * slice * row * column) / 1000).toFixed(1) + " mL";
    return voxels.toLocaleString("en") + (flat ? " pixels" : " voxels");
  }

  function words(viewer) {
    const { parts, probability, threshold, data, cutAt } = viewer;
    if (!probability) return;
    const result = data.sources.ai ? amount(viewer, data.sources.ai.voxels) : null;
    const before = result ? "the result, cut at " + cutAt.toFixed(2) + ": " + result : "";
    if (threshold === null) {
      parts.cut.textContent = before && before[0].toUpperCase() + before.slice(1);
      return;
    }
    const kept = amount(viewer, lightbox.probability.above(probability.counts, threshold));
    parts.cut.textContent = "What if " + threshold.toFixed(2) + ": " + kept + (before ? " (" + before + ")" : "");
  }

  /** For a scan or what is new of one. */
  function show(viewer) {
    const { parts, data } = viewer;
    parts.whatIf.hidden = !data.probability;
    if (viewer.probability) return;
    parts.whatIf.open = false;
    parts.threshold.disabled = true;
    parts.cut.textContent = "";
  }

  lightbox.whatIf = { build, show, words };
})(window.lightbox);

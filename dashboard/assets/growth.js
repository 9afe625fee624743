/* Prior and current: one slider moves both, linked slice by slice. */

(function (callbacks) {
  "use strict";

  function draw(figure, index) {
    const { base, outline, slices } = figure.dataset;
    const shown = Math.max(0, Math.min(Number(slices) - 1, index));
    const [slice, mask] = figure.querySelectorAll("img");
    slice.src = base + "/" + shown + ".png";
    mask.src = outline + "/" + shown + ".png";
    figure.querySelector(".lb-growth-at").textContent = "slice " + (shown + 1) + " of " + slices;
  }

  /** `links` has the prior's slice for each of the current one. */
  function drawBoth(viewer, links, index) {
    draw(viewer.querySelector("[data-side=current]"), index);
    draw(viewer.querySelector("[data-side=prior]"), links[index]);
  }

  function slider(viewer, links) {
    const last = links.length - 1;
    const made = document.createElement("input");
    Object.assign(made, { type: "range", id: "growth-slice", min: 0, max: last, step: 1 });
    made.value = viewer.dataset.start;
    const label = Object.assign(document.createElement("label"), { htmlFor: made.id, textContent: "Slice of both" });
    made.addEventListener("input", () => drawBoth(viewer, links, Number(made.value)));
    const turn = (event) => {
      event.preventDefault();
      made.value = Number(made.value) + Math.sign(event.deltaY); // one notch is one slice
      drawBoth(viewer, links, Number(made.value));
    };
    viewer.querySelector(".lb-growth-pair").onwheel = turn;
    return [label, made];
  }

  callbacks.drawGrowth = function () {
    // After Dash has put the pictures onto the page.
    requestAnimationFrame(() => {
      const viewer = document.getElementById("growth-viewer");
      if (!viewer) return;
      // Dash keeps the element when another pair is chosen: only what it says tells them apart.
      const figures = [...viewer.querySelectorAll("figure")];
      const pair = [viewer.dataset.links, ...figures.map((figure) => figure.dataset.outline)].join();
      if (viewer.querySelector("input") && viewer.lightboxPair === pair) return;
      viewer.lightboxPair = pair;
      const links = JSON.parse(viewer.dataset.links);
      viewer.querySelector(".lb-growth-slider").replaceChildren(...slider(viewer, links));
      drawBoth(viewer, links, Number(viewer.dataset.start));
    });
  };
})(window.dash_clientside.lightbox);

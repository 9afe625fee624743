/* A part that a link names is brought into view, and stays there while what stands above it is still filled. */

(function (lightbox) {
  "use strict";

  const ACTS = ["wheel", "touchstart", "pointerdown", "keydown"]; // whoever does one of these looks where they will
  const LONGEST_MS = 30000;
  let kept = new AbortController();

  /** Scroll to a part, and to it again with everything that moves it, until somebody scrolls, presses or types. */
  lightbox.keepInView = function (part) {
    kept.abort();
    const own = (kept = new AbortController());
    const { signal } = own;
    const grown = new ResizeObserver(() => part.scrollIntoView({ block: "start" })); // a first time as it begins
    const end = setTimeout(() => grown.disconnect(), LONGEST_MS);
    signal.addEventListener("abort", () => {
      grown.disconnect();
      clearTimeout(end);
    });
    ACTS.forEach((act) => window.addEventListener(act, () => own.abort(), { capture: true, passive: true, signal }));
    grown.observe(document.body);
  };
})(window.lightbox);

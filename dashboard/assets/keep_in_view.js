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
    const letGo = () => own.abort();
    const grown = new ResizeObserver(() => part.scrollIntoView({ block: "start" })); // a first time as it begins
    signal.addEventListener("abort", () => grown.disconnect());
    ACTS.forEach((act) => window.addEventListener(act, letGo, { capture: true, passive: true, signal }));
    setTimeout(letGo, LONGEST_MS);
    grown.observe(document.body);
  };
})(window.lightbox);

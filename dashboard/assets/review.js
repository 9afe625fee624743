/* The review of a result: which button, how long it took, and its keys. */

(function (lightbox, callbacks) {
  "use strict";

  const IDLE_MS = 120000; // whoever does nothing for so long is not reading
  const TICK_MS = 250;
  const nothing = () => window.dash_clientside.no_update;

  // ---- the minutes that were spent -----------------------------------------------------------

  const clock = new lightbox.ReadingClock();
  let lastInput = Date.now();

  function tick() {
    const scan = lightbox.pageScan();
    // Before the result is shown there is nothing to judge: a reading without the AI, or the wait for it.
    const place = scan ? scan + "/" + lightbox.reviewed().result : null;
    clock.look(performance.now(), place, !document.hidden && Date.now() - lastInput < IDLE_MS);
  }

  setInterval(tick, TICK_MS);
  for (const kind of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"]) {
    document.addEventListener(kind, () => (lastInput = Date.now()), { passive: true, capture: true });
  }

  /** The minutes that somebody looked at the result shown, all visits together, since it was last reviewed. */
  lightbox.reviewMinutes = function () {
    tick();
    return Math.round((clock.ms / 60000) * 1000) / 1000;
  };

  /** A review was kept: the minutes of the next one begin now. */
  lightbox.reviewKept = function () {
    tick();
    clock.forget();
  };

  /** The result that the page shows, and the review that counts of it ("" for none). */
  lightbox.reviewed = function () {
    const { result = "", review = "" } = document.querySelector("#scan-counts [data-result]")?.dataset ?? {};
    return { result, review };
  };

  // ---- verdicts ------------------------------------------------------------------------------

  let acts = 0;

  callbacks.noteVerdict = function (...clicks) {
    const changed = window.dash_clientside.callback_context.triggered[0];
    if (!changed || !clicks.some(Boolean)) return nothing();
    const minutes = lightbox.reviewMinutes();
    lightbox.reviewKept();
    acts += 1;
    return { act: changed.prop_id.split(".")[0], minutes: minutes, n: acts, ...lightbox.reviewed() };
  };

  callbacks.impliedTruth = function (reason, implied) {
    return reason ? (implied[reason] ?? "") : nothing();
  };

  // ---- a reading without the AI ----------------------------------------------------------------

  callbacks.noteUnaided = function (clicks) {
    return clicks ? { n: clicks, seconds: Math.round(lightbox.reviewMinutes() * 60) } : nothing();
  };

  callbacks.unaidedKept = function (kept) {
    if (kept) lightbox.reviewKept(); // the minutes of the verdict begin now
  };

  // ---- keys: they work where the viewer's do, and stand in its list ----------------------------

  function press(id) {
    return (viewer, event) => {
      const button = document.getElementById(id);
      if (button && !event.repeat && !button.disabled && button.checkVisibility()) button.click();
    };
  }

  document.addEventListener("DOMContentLoaded", () => {
    lightbox.viewer.addKeys({ keys: ["a"], label: "Accept, and open the next unread case", act: press("scan-accept-next") });
    lightbox.viewer.addKeys({ keys: ["n"], label: "Open the next unread case", act: press("scan-next") });
  });
})(window.lightbox, window.dash_clientside.lightbox);

/* The second click of a double click, and a key that is held down, press a button that does something once
   more before its answer is there: a board or a remote node would be made twice. */

(function () {
  "use strict";

  const ACTS =
    ".btn-primary, .btn-outline-primary, .btn-danger, .btn-outline-danger, .btn-warning, .modal-footer .btn";
  const MAY_REPEAT = "#editing-undo, #editing-redo";

  function acts(target) {
    const button = target instanceof Element && target.closest(ACTS);
    return button && !button.matches(MAY_REPEAT);
  }

  function stop(event) {
    event.preventDefault();
    event.stopPropagation();
  }

  // `detail` counts the clicks that came at one place in quick succession; by a key it is 0.
  window.addEventListener("click", (event) => event.detail > 1 && acts(event.target) && stop(event), true);
  window.addEventListener(
    "keydown",
    (event) => event.repeat && ["Enter", " "].includes(event.key) && acts(event.target) && stop(event),
    true,
  );
})();

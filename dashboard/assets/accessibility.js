/* What Dash's own components leave out for the keyboard and for screen readers, put in wherever they appear. */

(function () {
  "use strict";

  const SCROLLS = ".lb-scroll, .lb-uploads, pre";

  /** The label that is written for a control, or for what stands around it. */
  function labelOf(control) {
    for (let place = control; place && place !== document.body; place = place.parentElement) {
      const label = place.id && document.querySelector('label[for="' + CSS.escape(place.id) + '"]');
      if (label) return label.textContent.trim();
    }
    return "";
  }

  /** Sliders, and the number fields beside them, are named as their label says. */
  function nameSliders() {
    for (const control of document.querySelectorAll(".dash-slider-thumb, .dash-range-slider-input")) {
      const name = control.hasAttribute("aria-label") ? "" : labelOf(control);
      if (name) control.setAttribute("aria-label", name);
    }
  }

  /** Menus have a second, hidden field that Tab would stop at, with nothing to see or hear: Tab stops at the
      button that is seen instead, which Dash leaves to that field. */
  function reachMenus() {
    for (const field of document.querySelectorAll('.dash-dropdown-focus-target[aria-hidden="true"]')) {
      if (field.tabIndex !== -1) field.tabIndex = -1;
      const button = field.parentElement.querySelector("button.dash-dropdown");
      if (button && button.tabIndex !== 0) button.tabIndex = 0;
    }
  }

  /** What can be scrolled can be scrolled by keys. */
  function reachScrolling() {
    for (const box of document.querySelectorAll(SCROLLS)) {
      const scrolls = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
      if (scrolls && !box.hasAttribute("tabindex")) box.tabIndex = 0;
    }
  }

  let due = false;
  function look() {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      nameSliders();
      reachMenus();
      reachScrolling();
    });
  }

  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  window.addEventListener("resize", look);
  look();
})();

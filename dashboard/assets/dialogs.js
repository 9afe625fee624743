/* Forms that open over the page: Enter saves, and what is wrong is said in the form, not over its head. */

(function () {
  "use strict";

  const TYPED = "input:not([type=checkbox]):not([type=radio]):not([type=file])";
  const SAYS = ".lb-dialog-error";

  /** The form that is open over the page, or null. */
  const openForm = () => document.querySelector(".modal.show:has(" + SAYS + ")");

  // What cannot be undone has a button of another colour: it is pressed, never entered.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || event.repeat || !event.target.matches?.(TYPED)) return;
    const save = event.target.closest(".modal")?.querySelector(".modal-footer .btn-primary");
    if (!save || save.disabled || !event.target.closest(".lb-form")) return;
    event.preventDefault();
    save.click();
  });

  let begun = null;

  /** Whoever has a keyboard types at once; on a phone the keys would cover the form. */
  function focusFirst() {
    const form = openForm();
    if (form === begun) return;
    begun = form;
    if (form && matchMedia("(pointer: fine)").matches) form.querySelector(".lb-form input, .lb-form select")?.focus();
  }

  /** Say in the open form what the alert of the page says, and nothing where it says nothing. */
  function repeatAlert() {
    const place = openForm()?.querySelector(SAYS);
    if (!place) return;
    const alert = document.getElementById("alert");
    const words = alert?.classList.contains("show") ? alert.textContent.trim() : "";
    if (place.textContent === words) return;
    place.textContent = words;
    place.scrollIntoView?.({ block: "nearest" });
  }

  function look() {
    focusFirst();
    repeatAlert();
  }

  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["class"] });
})();

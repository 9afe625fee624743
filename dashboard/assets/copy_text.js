/* A text into the clipboard. It is in the page already: no server is asked. */

(function () {
  "use strict";

  /** Put a text into the clipboard; says whether that worked. */
  async function copyText(text) {
    // Browsers offer the clipboard on secure addresses only; departments also serve plain http.
    if (navigator.clipboard) {
      try {
        await navigator.clipboard.writeText(text);
        return true;
      } catch {
        // Not permitted: the older way may be.
      }
    }
    const before = document.activeElement;
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "visually-hidden";
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    if (before) before.focus();
    return copied;
  }

  // A button names the text that it copies; what is said of it stands beside the button.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copies]");
    if (!button) return;
    const id = button.dataset.copies;
    const copied = await copyText(document.getElementById(id).value);
    const words = copied ? "Copied." : "Your browser refuses: open the text below and copy it there.";
    window.dash_clientside.set_props(`${id}-copied`, { children: words });
  });
})();

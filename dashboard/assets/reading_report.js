/* The report's text into the clipboard. It is in the page already: no server is asked. */

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

  document.addEventListener("click", async (event) => {
    if (!event.target.closest("#scan-report-copy")) return;
    const copied = await copyText(document.getElementById("scan-report-text").value);
    const words = copied ? "Copied." : "Your browser refuses: open “The text” below and copy it there.";
    window.dash_clientside.set_props("scan-report-copied", { children: words });
  });
})();

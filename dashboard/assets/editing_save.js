/* Sending a correction to the server, and what can become of it. */

(function (lightbox) {
  "use strict";

  const editing = (lightbox.editing = lightbox.editing || {});

  function formOf({ user, result, parent, minutes, comment, empty }, mask) {
    const form = new FormData();
    form.append("mask", new Blob([mask], { type: "application/gzip" }), "mask.gz");
    form.append("user", user);
    form.append("result", result);
    form.append("parent", parent || "");
    form.append("minutes", String(minutes));
    form.append("comment", comment);
    form.append("empty", empty ? "yes" : "no");
    return form;
  }

  async function answerOf(response) {
    if (response.status === 401) return { outcome: "signed out" };
    const saved = response.ok && (await response.json().catch(() => null)); // a proxy's page is no answer of ours
    if (saved) return { outcome: "saved", review: saved.review ?? saved.mask };
    const { code, sentence, current } = await lightbox.fault(response);
    if (response.status === 409) return { outcome: "conflict", sentence, current };
    return { outcome: response.status >= 500 && code !== "unreadable" ? "failed" : "refused", code, sentence };
  }

  /** Send `voxels` (0 or 1 each, in display order) as the correction of a scan, or with `unaided` as what its reader
      drew without the AI.

      Resolves to { outcome }: saved (review), conflict (sentence, current), refused or failed (sentence), signed
      out, or offline. It never throws and never leaves the page. */
  async function send(scan, correction, voxels) {
    const mask = await editing.drafts.packed(voxels);
    const place = correction.unaided ? "/unaided/mask" : "/drawing";
    let response;
    try {
      response = await lightbox.plainFetch("/scans/" + encodeURIComponent(scan) + place, {
        method: "POST",
        body: formOf(correction, mask),
        headers: { "X-CSRFToken": lightbox.csrf(), Accept: "application/json" },
      });
    } catch {
      return { outcome: "offline" };
    }
    return answerOf(response);
  }

  editing.save = { send };
})(window.lightbox);

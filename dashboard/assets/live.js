/* Pages that are out of date refresh themselves: a small question every two seconds, and a reload
   of rows or panels only when the answer differs. */

(function (lightbox) {
  "use strict";

  const EVERY_MS = 2000;
  let worklistToken = null;
  let scan = { id: null, version: null };

  async function lookAtWorklist() {
    const { token } = await lightbox.getJson("/changes");
    if (worklistToken !== null && token !== worklistToken) lightbox.refreshWorklist();
    worklistToken = token;
  }

  async function lookAtScan(id) {
    const { version } = await lightbox.getJson("/scans/" + encodeURIComponent(id) + "/state");
    if (scan.id === id && scan.version !== version) {
      window.dash_clientside.set_props("scan-refresh", { data: version });
    }
    scan = { id: id, version: version };
  }

  async function look() {
    if (document.hidden) return;
    const page = document.getElementById("scan-page");
    if (page && page.dataset.scan) await lookAtScan(page.dataset.scan);
    else scan = { id: null, version: null };
    if (document.getElementById("worklist")) await lookAtWorklist();
    else worklistToken = null;
  }

  async function forever() {
    try {
      await look();
    } catch (error) {
      // The server is away for a moment; the next look will tell.
    }
    setTimeout(forever, EVERY_MS);
  }

  forever();
})(window.lightbox);

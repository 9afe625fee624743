/* Pages that are out of date refresh themselves: a small question every two seconds, and a reload
   of rows or panels only when the answer differs. */

(function (lightbox, callbacks) {
  "use strict";

  const EVERY_MS = 2000;

  // What is on the page came with a word for its state; that word is compared, not the last answer,
  // so that a change between loading and the first question is not missed.
  async function lookAtWorklist() {
    const { token } = await lightbox.getJson("/changes");
    if (!lightbox.worklistSeen || token === lightbox.worklistSeen) return 0;
    lightbox.worklistSeen = token;
    return lightbox.refreshWorklist();
  }

  async function lookAtScan(id) {
    const { version } = await lightbox.getJson("/scans/" + encodeURIComponent(id) + "/state");
    const seen = lightbox.scanSeen;
    if (seen && seen.scan === id && seen.version !== version) {
      lightbox.scanSeen = { scan: id, version: version };
      window.dash_clientside.set_props("scan-refresh", { data: version });
    }
  }

  async function look() {
    if (document.hidden) return 0;
    const scan = lightbox.pageScan();
    if (scan) await lookAtScan(scan);
    return document.getElementById("worklist") ? lookAtWorklist() : 0;
  }

  callbacks.noteScan = function (seen) {
    lightbox.scanSeen = seen;
  };

  lightbox.askEvery(EVERY_MS, look);
})(window.lightbox, window.dash_clientside.lightbox);

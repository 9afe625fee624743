/* Parts of pages that are folded: the tab keeps which are open, and what stands in one is asked for once it is. */

(function (lightbox) {
  "use strict";

  const KEPT = "lightbox-folds"; // by id whether it is open
  const ADDRESS = "-address"; // behind a fold's id: the store whose address the server is asked for
  const ASKS = "lb-fold-asks"; // the class of folds whose content is asked for
  const asked = new Map(); // by id the address that was asked for last

  function kept() {
    try {
      return JSON.parse(window.sessionStorage.getItem(KEPT)) || {};
    } catch {
      return {}; // no storage, or somebody else's text in it: as if nothing had been opened
    }
  }

  /** Whether the tab has a fold open; null where nobody has opened or closed it yet. */
  lightbox.isFoldOpen = (id) => kept()[id] ?? null;

  /** Whether a fold is open, as the tab had it or because it is `wanted`, and the address that it then asks for. */
  lightbox.followedFold = function (id, search, wanted) {
    const open = wanted || lightbox.isFoldOpen(id) || false;
    if (open) asked.set(id, search);
    else asked.delete(id);
    return [open, open ? search : window.dash_clientside.no_update];
  };

  document.addEventListener("toggle", ({ target }) => {
    if (!target.id || !target.classList.contains("lb-fold")) return;
    try {
      window.sessionStorage.setItem(KEPT, JSON.stringify({ ...kept(), [target.id]: target.open }));
    } catch {
      // without storage a fold is forgotten with the page
    }
    const search = window.location.search;
    if (!target.open || !target.classList.contains(ASKS) || asked.get(target.id) === search) return;
    asked.set(target.id, search);
    window.dash_clientside.set_props(target.id + ADDRESS, { data: search });
  }, true);

  // A link to a fold of the page as it stands: its address changes nothing, so nothing else would open it.
  document.addEventListener("click", ({ target }) => {
    const link = target.closest && target.closest("a[href]");
    if (!link || !link.hash || link.pathname !== location.pathname || link.search !== location.search) return;
    const part = document.getElementById(link.hash.slice(1));
    if (!part || !part.classList.contains("lb-fold")) return;
    part.open = true;
    lightbox.keepInView(part);
  });
})(window.lightbox);

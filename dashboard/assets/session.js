/* The end of a session: said some minutes before, with a way to stay; and words that were typed come back
   after the sign-in. */

(function (lightbox) {
  "use strict";

  const LOOK_EVERY_MS = 30000;
  const LOOK_AGAIN_MS = 1000; // while the warning stands
  const WARN_S = 300;
  const KEPT = "lightbox-words";
  const TYPED = "#page textarea[id], #page input[type=text][id], #page input:not([type])[id]";
  const NOTED = '[role="search"]'; // what stands in the address comes back with it

  // ---- the warning ---------------------------------------------------------------------------

  function words(leftS, final) {
    const minutes = Math.round(leftS / 60);
    const time = minutes < 1 ? "less than a minute" : minutes === 1 ? "1 minute" : minutes + " minutes";
    const why = final
      ? ", because you signed in long ago. Save what you are doing; after signing in again you come back here."
      : ", because nobody was active for a while.";
    return "You will be signed out in " + time + why;
  }

  function warning() {
    const box = document.createElement("div");
    box.id = "session-warning";
    box.className = "lb-session-warning";
    box.setAttribute("role", "alert");
    const stay = document.createElement("button");
    stay.type = "button";
    stay.className = "btn btn-sm btn-primary";
    stay.textContent = "Stay signed in";
    stay.onclick = async () => {
      await lightbox.post("/session");
      look();
    };
    box.append(document.createElement("span"), stay);
    document.body.append(box);
    return box;
  }

  function show(leftS, final) {
    const box = document.getElementById("session-warning") || warning();
    lightbox.setText(box.firstChild, words(leftS, final)); // read aloud once for each minute
    box.lastChild.hidden = final; // staying would not help
  }

  function hide() {
    const box = document.getElementById("session-warning");
    if (box) box.remove();
  }

  let next = null;
  async function look() {
    clearTimeout(next);
    let wait = LOOK_EVERY_MS;
    try {
      const { left_s: left, idle_s: idle, final: final } = await lightbox.getJson("/session");
      const warn = Math.min(WARN_S, idle / 3);
      if (left <= warn) {
        show(left, final);
        wait = LOOK_AGAIN_MS;
      } else {
        hide();
        wait = Math.min(wait, (left - warn) * 1000 + 100);
      }
    } catch {
      // The next look will tell.
    }
    clearTimeout(next);
    next = setTimeout(look, wait);
  }

  // ---- words that were typed -----------------------------------------------------------------

  const user = () => (document.querySelector("[data-user]") || { dataset: {} }).dataset.user;

  /** Keep what stands in the page's fields, for the same person on the same page of this tab. */
  lightbox.keepWords = function () {
    const fields = [...document.querySelectorAll(TYPED)].filter((field) => field.value && !field.readOnly && !field.closest(NOTED));
    if (!fields.length || !user()) return;
    const typed = Object.fromEntries(fields.map((field) => [field.id, field.value]));
    sessionStorage.setItem(KEPT, JSON.stringify({ user: user(), path: location.pathname, typed: typed }));
  };

  // Only while something waits to be given back: a page changes many times a second.
  const waiting = new MutationObserver(giveBack);

  function forget() {
    sessionStorage.removeItem(KEPT);
    waiting.disconnect();
  }

  function giveBack() {
    const kept = JSON.parse(sessionStorage.getItem(KEPT));
    if (!user()) return;
    if (kept.user !== user()) return forget(); // somebody else sits here now
    if (kept.path !== location.pathname) return;
    for (const [id, value] of Object.entries(kept.typed)) {
      const field = document.getElementById(id);
      if (!field) continue;
      delete kept.typed[id];
      const fold = field.closest("details");
      if (fold) fold.open = true;
      if (!field.value) window.dash_clientside.set_props(id, { value: value });
    }
    if (Object.keys(kept.typed).length) sessionStorage.setItem(KEPT, JSON.stringify(kept));
    else forget();
  }

  if (sessionStorage.getItem(KEPT)) waiting.observe(document.body, { childList: true, subtree: true });
  look();
})(window.lightbox);

/* What every page needs: the session's life, the title, the menu. Loaded first (assets load by name).

   The server ends a session when nobody was active. Only real input counts, which this file
   reports at most once a minute; polling does not. When the server answers 401, the person is led
   to the sign-in with a note instead of a page that silently stopped working. */

window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.lightbox = window.dash_clientside.lightbox || {};
window.lightbox = window.lightbox || {};

(function (lightbox, callbacks) {
  "use strict";

  const REPORT_EVERY_MS = 60000;
  const REST_TIMES = 20;
  const MOST_REST_MS = 30000;
  let inputSinceReport = false;
  let lastReport = Date.now();
  let leaving = false;

  lightbox.csrf = function () {
    // Behind TLS its name says that no other host can have set it.
    const cookies = new Map(document.cookie.split("; ").map((part) => part.split(/=(.*)/s, 2)));
    return decodeURIComponent(cookies.get("__Host-lightbox_csrf") ?? cookies.get("lightbox_csrf") ?? "");
  };

  /** Lead to the sign-in; false where the page stays, because something on it would be lost.

      Whoever has unsaved work hears `lightbox:signed-out` and prevents it: one signs in in another tab and goes on. */
  lightbox.signedOut = function () {
    if (leaving) return true;
    leaving = document.dispatchEvent(new CustomEvent("lightbox:signed-out", { cancelable: true }));
    if (!leaving) return false;
    if (lightbox.keepWords) lightbox.keepWords();
    const here = location.pathname + location.search + location.hash;
    location.assign("/login?expired=1&next=" + encodeURIComponent(here));
    return true;
  };

  // Dash's own callbacks and our requests alike.
  const plainFetch = window.fetch.bind(window);
  lightbox.plainFetch = plainFetch; // for who makes something of a 401 of their own
  window.fetch = async function (resource, options) {
    const asked = location.pathname;
    const response = await plainFetch(resource, options);
    // A page that is being left: nobody has to make sense of this answer any more.
    if (response.status === 401 && lightbox.signedOut()) return new Promise(() => {});
    const late = location.pathname !== asked && String(resource.url || resource).includes("_dash-update-component");
    return late && response.status === 200 ? withoutWhatIsGone(response) : response;
  };

  /**
   * A callback's answer for a page that was left meanwhile. Dash drops its outputs; what it sets beside them (set_props) Dash
   * would report as missing.
   */
  async function withoutWhatIsGone(response) {
    const answer = await response.json();
    for (const id of Object.keys(answer.sideUpdate || {})) {
      if (!window.dash_component_api.getLayout(id)) delete answer.sideUpdate[id];
    }
    return new Response(JSON.stringify(answer), { status: response.status, headers: response.headers });
  }

  // Who presses a button tries again: what the alert said of the last try holds no more.
  document.addEventListener(
    "click",
    (event) => {
      const pressed = event.target.closest("button") && !event.target.closest("nav");
      if (pressed && document.getElementById("alert")) {
        window.dash_clientside.set_props("alert", { is_open: false });
      }
    },
    true,
  );

  /** Send something as this session; `body` may be a form. */
  lightbox.post = function (path, body) {
    return fetch(path, { method: "POST", body: body, headers: { "X-CSRFToken": lightbox.csrf() } });
  };

  lightbox.getJson = async function (path) {
    const response = await fetch(path, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(path + " answered " + response.status);
    return response.json();
  };

  /** Make an element; `more` are properties, `aria` and `data` attributes apart. */
  lightbox.make = function (kind, { aria = {}, data = {}, ...more } = {}, ...children) {
    const made = Object.assign(document.createElement(kind), more);
    for (const [name, value] of Object.entries(aria)) made.setAttribute("aria-" + name, value);
    Object.assign(made.dataset, data);
    made.append(...children);
    return made;
  };

  /** Make an element say something, unless it says it already: nothing is laid out or read aloud anew. */
  lightbox.setText = function (element, words) {
    if (element.textContent !== words) element.textContent = words;
  };

  /** Say what became of something in its place on the page, which may be gone meanwhile. */
  lightbox.tell = function (element, sentence, wrong) {
    if (!element) return;
    element.textContent = sentence;
    element.className = wrong ? "lb-upload-refusal" : "text-secondary";
  };

  /** Have somebody choose a file, which `then` is given; `id` is the field's, `accept` its endings. */
  lightbox.chooseFile = function (id, accept, then) {
    document.getElementById(id)?.remove(); // of a choice that was not made
    const field = Object.assign(document.createElement("input"), { type: "file", id: id, hidden: true, accept: accept });
    field.onchange = () => {
      if (field.files.length) then(field.files[0]);
      field.remove();
    };
    document.body.append(field);
    field.click();
  };

  /** The id of the scan whose page is shown, or null. */
  lightbox.pageScan = () => document.getElementById("scan-page")?.dataset.scan ?? null;

  /** Go to a page of ours without loading everything anew, as a link does. */
  lightbox.openPage = function (path) {
    if (path === location.pathname + location.search) return;
    history.pushState({}, "", path);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  };

  /** What an answer that is none says went wrong: { code, sentence }, and whatever stands beside the error. */
  lightbox.fault = async function (response) {
    try {
      const { error, ...beside } = await response.json();
      return { code: error.code, sentence: error.message, ...beside };
    } catch {
      return { code: "unreadable", sentence: "Something went wrong on our side." };
    }
  };

  /** Ask again and again, however the last answer was: the server may be away for a moment.

      One that is slow to answer is asked less often, so that looks alone cannot keep it busy. A look returns how
      many ms what it sets off takes, if it sets off anything. */
  lightbox.askEvery = async function (everyMs, look) {
    const began = performance.now();
    let besideMs = 0;
    try {
      besideMs = (await look()) || 0;
    } catch {
      // The next look will tell.
    }
    const restMs = Math.min(MOST_REST_MS, REST_TIMES * (performance.now() - began + besideMs));
    setTimeout(() => lightbox.askEvery(everyMs, look), Math.max(everyMs, restMs));
  };

  function noticed() {
    inputSinceReport = true;
    if (Date.now() - lastReport >= REPORT_EVERY_MS) report();
  }

  function report() {
    if (!inputSinceReport || leaving) return;
    inputSinceReport = false;
    lastReport = Date.now();
    lightbox.post("/session").catch(() => {});
  }

  for (const kind of ["pointerdown", "keydown", "wheel", "touchstart"]) {
    document.addEventListener(kind, noticed, { passive: true, capture: true });
  }
  setInterval(report, REPORT_EVERY_MS);

  callbacks.setTitle = function (title) {
    if (title) document.title = title;
  };

  callbacks.toggleMenu = function (clicks, path, open) {
    const clicked = window.dash_clientside.callback_context.triggered.some((change) =>
      change.prop_id.endsWith("n_clicks")
    );
    return clicked ? !open : false;
  };
})(window.lightbox, window.dash_clientside.lightbox);

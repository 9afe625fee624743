/* The bell asks gently whether an alert has changed; what it shows is drawn anew only then. */

(function (lightbox) {
  "use strict";

  const EVERY_MS = 45000;

  async function look() {
    if (document.hidden || !document.getElementById("bell")) return;
    const { token } = await lightbox.getJson("/alerts/token");
    if (token !== lightbox.bellSeen) {
      lightbox.bellSeen = token;
      window.dash_clientside.set_props("bell-seen", { data: token });
    }
  }

  document.addEventListener("visibilitychange", () => look().catch(() => {}));
  setTimeout(() => lightbox.askEvery(EVERY_MS, look), EVERY_MS); // the first drawing is as fresh as the page
})(window.lightbox);

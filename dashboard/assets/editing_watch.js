/* Around a correction: keys, the clock, and leaving the page. */

(function (lightbox) {
  "use strict";

  const { editing } = lightbox;
  const { room } = editing;
  let listed = false; // keys, once a page

  document.addEventListener("keydown", (event) => {
    if (!room.editable() || room.session.sending || lightbox.keys.busy(event)) return;
    const key = event.key.toLowerCase();
    const control = event.ctrlKey || event.metaKey;
    let does = null;
    if (control && key === "z") does = event.shiftKey ? room.act.redo : room.act.undo;
    else if (control && key === "y") does = room.act.redo;
    if (!does) return;
    event.preventDefault();
    does();
  });

  for (const kind of ["pointerdown", "pointermove", "keydown", "wheel"]) {
    document.addEventListener(kind, () => room.editable() && room.session.clock.moved(Date.now()), { passive: true, capture: true });
  }

  // Only Ctrl is ours: other keys go through the viewer, which lists all of them behind "?".
  const resized = (factor) => () => room.editable() && room.size(2 * room.settings.radius * factor);
  editing.listKeys = function () {
    if (listed) return;
    listed = true;
    lightbox.viewer.addKeys({ keys: ["["], label: "Smaller brush (while a mask is corrected)", act: resized(1 / editing.panel.SIZES.factor) });
    lightbox.viewer.addKeys({ keys: ["]"], label: "Larger brush", act: resized(editing.panel.SIZES.factor) });
    lightbox.viewer.addKeys({ keys: ["Ctrl+Z"], label: "Undo" });
    lightbox.viewer.addKeys({ keys: ["Ctrl+Y", "Ctrl+Shift+Z"], label: "Redo" });
  };

  // One verdict at a time: whoever draws a mask does not accept another one by a slip of the hand.
  const VERDICTS = "#unaided-give, #scan-accept, #scan-accept-next, #scan-unsure, #scan-reject, #choose-mask";
  document.addEventListener(
    "click",
    (event) => {
      if (!event.target.closest(VERDICTS) || !room.editable() || !room.session.differs) return;
      event.preventDefault();
      event.stopPropagation();
      editing.panel.say("You are correcting the mask: save or discard that first.", true);
      editing.panel.part("save").focus();
    },
    { capture: true }
  );

  window.addEventListener("beforeunload", (event) => {
    if (room.here() && room.session && room.session.pending) event.preventDefault();
  });

  // A session that ends while something is drawn does not take the page away.
  document.addEventListener("lightbox:signed-out", (event) => {
    if (!room.editable()) return;
    event.preventDefault();
    editing.answers.signedOut();
  });
})(window.lightbox);

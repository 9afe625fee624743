/* What the panel says and asks around a correction: a draft, another tab, an empty mask, and what became of Save. */

(function (lightbox) {
  "use strict";

  const editing = (lightbox.editing = lightbox.editing || {});
  const THEIRS = "theirs";

  const time = (ms) => new Date(ms).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });

  async function draftOf(about) {
    try {
      return await editing.drafts.find(about);
    } catch (fault) {
      if (fault instanceof DOMException) return null; // no drafts are kept here, as `Session` says when it matters
      throw fault;
    }
  }

  /** Offer a draft of this scan; resolves to whether there is one. */
  async function draft(room) {
    const kept = await draftOf(room.about);
    if (!kept) return false;
    const resume = async () => {
      if (!(await room.load())) return;
      if (await room.session.resume(kept, false)) room.started();
      else elsewhere(room, kept);
    };
    const forget = async () => {
      if (!(await editing.panel.ask("Discard the unsaved correction of " + time(kept.at) + "?", "Discard it", "Keep it"))) return;
      await room.session.end();
      room.open();
    };
    editing.panel.offer("You have an unsaved correction of " + time(kept.at) + ".", [
      { id: "editing-resume", words: "Go on with it", act: resume },
      { id: "editing-forget", words: "Discard it", act: forget },
    ]);
    return true;
  }

  /** Say that another tab of this browser edits the scan. */
  function elsewhere(room, kept) {
    const take = async () => {
      if (!(await room.load())) return;
      const latest = (await draftOf(room.about)) || kept;
      if (latest) await room.session.resume(latest, true);
      else room.session.takeOver(editing.panel.part("base").value);
      room.started();
    };
    editing.panel.offer("This scan is being corrected in another tab of this browser.", [
      { id: "editing-take", words: "Go on here instead", act: take },
    ]);
  }

  /** Say that another tab has taken over. */
  function lost(room) {
    room.stopped();
    editing.panel.say("", false);
    elsewhere(room, null);
  }

  function signedOut() {
    editing.panel.say("Your session has ended. What you drew is kept here: sign in in another tab, then save.", true);
    const link = document.createElement("a");
    Object.assign(link, { href: "/login", target: "_blank", rel: "noopener", textContent: "Sign in in another tab" });
    editing.panel.part("message").append(" ", link);
  }

  // ---- saving ------------------------------------------------------------------------------

  async function save(room) {
    const { session } = room;
    const empty = session.mask.count === 0;
    const question = "The mask is empty. No " + room.about.finding + " at all?";
    if (empty && !(await editing.panel.ask(question, "Yes, save it as empty", "Back"))) return;
    editing.panel.say("Saving.", false);
    const answer = await session.save(empty);
    if (answer.outcome === "saved") saved(room, answer.review);
    else if (answer.outcome === "conflict") conflict(room, answer);
    else if (answer.outcome === "signed out") signedOut();
    else if (answer.code === "unchanged_mask") unchanged(room, answer.sentence);
    else if (answer.outcome === "refused") editing.panel.say(answer.sentence, true);
    else editing.panel.say("The server cannot be reached. Your work is kept in this browser: save again in a moment.", true);
  }

  function saved(room, review) {
    lightbox.viewer.setLayer(THEIRS, null);
    room.stopped();
    editing.panel.offer("", []);
    editing.panel.say(room.about.unaided ? "Kept with your reading." : "Saved: your mask counts now.", false);
    window.dash_clientside.set_props("scan-refresh", { data: "corrected " + review });
  }

  /** What was drawn is the AI's mask: offer what says that. */
  function unchanged(room, sentence) {
    const accept = async () => {
      const comment = room.session.comment;
      await room.session.end();
      room.stopped();
      editing.panel.offer("", []);
      if (comment) window.dash_clientside.set_props("scan-comment", { value: comment });
      document.getElementById("scan-accept").click();
    };
    editing.panel.say("", false);
    editing.panel.offer(sentence, [{ id: "editing-accept", words: "Accept the result", act: accept }]);
  }

  function conflict(room, { sentence, current }) {
    const verdict = current.review ? current.reviewer + " (" + current.verdict + "), " + time(Date.parse(current.at)) + ". " : "";
    const choices = [];
    if (current.verdict === "corrected") {
      choices.push({ id: "editing-theirs", words: "Show theirs", act: () => showTheirs(room, current) });
    }
    const onTop = () => {
      hideTheirs();
      room.session.goOnTop();
      editing.panel.offer("", []);
      save(room);
    };
    choices.push({ id: "editing-on-top", words: "Save mine on top of it", act: onTop });
    choices.push({ id: "editing-give-way", words: "Discard mine", act: () => discard(room) });
    editing.panel.say("", false);
    editing.panel.offer(sentence + " " + verdict, choices);
  }

  async function showTheirs(room, current) {
    const path = "/scans/" + encodeURIComponent(room.about.scan) + "/mask.bin?layer=corrected&v=" + current.review;
    const voxels = await lightbox.volumes.fetchVoxels(path);
    lightbox.viewer.setLayer(THEIRS, voxels, { colour: lightbox.layers.COLOURS.theirs, outline: true, visible: true });
  }

  function hideTheirs() {
    lightbox.viewer.setLayer(THEIRS, null);
  }

  async function discard(room) {
    const question = "Discard this correction? What you drew is lost.";
    if (!(await editing.panel.ask(question, "Discard it", "Keep it"))) return;
    await room.session.end();
    hideTheirs();
    room.stopped();
    editing.panel.say("Discarded.", false);
    window.dash_clientside.set_props("scan-refresh", { data: "discarded " + Date.now() });
  }

  editing.answers = { draft, elsewhere, lost, signedOut, save, discard };
})(window.lightbox);

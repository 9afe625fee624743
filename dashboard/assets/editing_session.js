/* A correction under way: the mask, its draft in this browser, the tab's turn, the clock, and saving.

   It knows nothing of the page: `changed` is called whenever there is something else to show, `lost` when another
   tab took over, and `here` says whether the page still shows it. */

(function (lightbox) {
  "use strict";

  const editing = (lightbox.editing = lightbox.editing || {});
  const NOT_KEPT = "This browser does not keep unsaved work: save before you leave the page.";

  class Session {
    /** The correction of a result: `about` has the ids of user, scan and result, and that of the review that
        counts now as `parent`; `starts` are the masks that one may begin from, by name. */
    constructor(about, grid, starts, { changed, lost, here }) {
      this.about = about;
      this.grid = grid;
      this.starts = starts;
      this.seen = { result: about.result, parent: about.parent };
      this.mask = null; // while there is nothing under way
      this.comment = "";
      this.outcome = null; // of the last attempt to save
      this.sending = false;
      this.fault = null; // why drafts are not kept
      this.lost = false; // to another tab
      this._changed = changed;
      this._tell = lost;
      this._takes = false;
      this._turn = new editing.Turn(editing.drafts.keyOf(about), () => this._lose(), here);
    }

    /** Whether this tab may draw. */
    get open() {
      return this.mask !== null && !this.lost;
    }

    /** Whether anything was drawn or written. */
    get differs() {
      return this.mask !== null && (this.mask.canUndo || this.comment !== "");
    }

    /** Whether there is nothing to save: the mask it began from stands as it was. An empty one says "no tumour". */
    get unchanged() {
      return this.mask !== null && !this.mask.canUndo && this.mask.base !== "empty";
    }

    /** Whether leaving now could lose something, or leave something unsent that was meant to be sent. */
    get pending() {
      return this.sending || Boolean(this._keeping) || this.outcome !== null || (this.fault !== null && this.differs);
    }

    /** Begin from one of the starts; false where another tab is editing this scan. */
    async begin(base) {
      if (!(await this._turn.ask())) return false;
      this._open(this.starts[base], base, 0, "");
      return true;
    }

    /** Take up a draft; `takes` also where another tab has it. Resolves to false where one has. */
    async resume(draft, takes) {
      if (takes) this._turn.take();
      else if (!(await this._turn.ask())) return false;
      this._takes = true; // the draft may be of a tab that is gone
      this.seen = draft.seen;
      const base = draft.base in this.starts ? draft.base : "empty";
      this._open(this.starts[base], base, draft.seconds, draft.comment);
      this.mask.replace(draft.voxels);
      this.mask.step("the draft");
      this.keep();
      return true;
    }

    /** Begin from one of the starts, whoever has the turn. */
    takeOver(base) {
      this._turn.take();
      this._takes = true;
      this._open(this.starts[base], base, 0, "");
    }

    restart(base) {
      if (this.mask.restart(this.starts[base], base, "start again")) this.keep();
    }

    /** End a step of drawing; false where nothing changed. */
    step(label) {
      const changed = this.mask.step(label);
      if (changed) this.keep();
      return changed;
    }

    undo() {
      return this._told(this.mask.undo());
    }

    redo() {
      return this._told(this.mask.redo());
    }

    say(comment) {
      this.comment = comment;
      this.keep();
    }

    /** Write the draft, the latest state last; resolves when it is written. */
    keep() {
      this._wanted = true;
      this._keeping = this._keeping || this._write();
      this._changed();
      return this._keeping;
    }

    /** Send it. Resolves to what became of it (see `editing.save.send`); once saved, the session is over. */
    async save(empty) {
      this.sending = true;
      this.outcome = null;
      this._changed();
      const sent = { ...this.seen, unaided: this.about.unaided, user: this.about.user, minutes: this.clock.minutes, comment: this.comment, empty: empty };
      const outcome = await editing.save.send(this.about.scan, sent, this.mask.voxels);
      this.sending = false;
      if (outcome.outcome === "saved") await this.end();
      else this.outcome = outcome;
      this._changed();
      return outcome;
    }

    /** Let the next save stand on what counts now, as the server said in the conflict. */
    goOnTop() {
      const { result, review } = this.outcome.current;
      this.seen = { result: result, parent: review };
      this.outcome = null;
      this.keep();
    }

    /** Forget it, in this browser too. */
    async end() {
      this.mask = null;
      this.outcome = null;
      this._wanted = false;
      await this._keeping;
      try {
        await editing.drafts.forget(this.about);
      } catch (fault) {
        this._note(fault);
      }
      this._turn.release();
      this._changed();
    }

    /** Let go of the page; the draft stays. */
    close() {
      this._turn.close();
    }

    _open(voxels, base, seconds, comment) {
      this.mask = new editing.EditableMask(this.grid, voxels, base);
      this.clock = new editing.Clock(seconds);
      this.comment = comment;
      this.outcome = null;
      this.lost = false;
      this._changed();
    }

    _told(label) {
      if (label !== null) this.keep();
      return label;
    }

    _lose() {
      this.lost = true;
      this._wanted = false;
      this._tell();
    }

    async _write() {
      // What is asked for while a draft is being written is written next, all at once.
      while (this._wanted && this.open) {
        this._wanted = false;
        const draft = {
          user: this.about.user, scan: this.about.scan, result: this.about.result, unaided: this.about.unaided, seen: this.seen,
          tab: this._turn.tab, takes: this._takes, base: this.mask.base, comment: this.comment, seconds: this.clock.seconds,
        };
        try {
          const kept = await editing.drafts.keep(draft, this.mask.voxels);
          if (!kept) this._lose();
          this.fault = null;
          this._takes = false;
        } catch (fault) {
          this._note(fault);
        }
      }
      this._keeping = null;
      this._changed();
    }

    _note(fault) {
      // Private windows and full disks have no IndexedDB to give; anything else is a mistake of ours.
      if (!(fault instanceof DOMException)) throw fault;
      this.fault = NOT_KEPT;
    }
  }

  editing.Session = Session;
})(window.lightbox);

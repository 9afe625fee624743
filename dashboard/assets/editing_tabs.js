/* Which tab of this browser may edit a scan: one at a time, and whoever comes second is told.

   Tabs talk over a BroadcastChannel, which unlike Web Locks also exists where a hospital serves plain http.
   A tab that wants to edit asks whether another one does; the one that does answers. Taking over is said
   aloud, and the other tab stops. A tab that was frozen hears it when it wakes. */

(function (lightbox) {
  "use strict";

  const editing = (lightbox.editing = lightbox.editing || {});
  const ANSWER_MS = 250;

  class Turn {
    /** The turn to edit what `key` names; `lost` is called when another tab takes it, `here` says whether what
        edits is still on the page. */
    constructor(key, lost, here) {
      this.tab = Math.random().toString(36).slice(2);
      this.held = false;
      this._lost = lost;
      this._here = here || (() => true);
      this._asked = 0; // when it asked, while it waits for an answer
      this._taken = false;
      this._channel = new BroadcastChannel("lightbox editing " + key);
      this._channel.onmessage = ({ data }) => this._hear(data);
    }

    /** Take the turn if no other tab has it; resolves to whether it is ours. */
    async ask() {
      if (this.held) return true;
      this._taken = false;
      this._asked = Date.now();
      this._say("who");
      await new Promise((done) => setTimeout(done, ANSWER_MS));
      this.held = !this._taken;
      this._asked = 0;
      return this.held;
    }

    /** Take the turn from whoever has it. */
    take() {
      this.held = true;
      this._say("taken");
    }

    release() {
      this.held = false;
    }

    close() {
      this.release();
      this._channel.close();
    }

    _say(what, to) {
      this._channel.postMessage({ what: what, tab: this.tab, to: to });
    }

    _hear({ what, tab, to }) {
      if (this.held && !this._here()) this.release();
      // Two that ask at the same moment: the lower name goes first.
      if (what === "who" && (this.held || (this._asked && this.tab < tab))) this._say("mine", tab);
      if (what === "mine" && to === this.tab && this._asked) this._taken = true;
      if (what === "taken" && this.held) {
        this.held = false;
        this._lost();
      }
    }
  }

  editing.Turn = Turn;
})(window.lightbox);

/* How long somebody worked at a correction: the time between what the hand did, pauses left out. */

(function (lightbox) {
  "use strict";

  const editing = (lightbox.editing = lightbox.editing || {});
  const PAUSE_MS = 60 * 1000; // longer without a move is no work

  class Clock {
    /** `seconds` were worked before, in a draft. */
    constructor(seconds) {
      this.seconds = seconds || 0;
      this._last = null;
    }

    /** The hand did something at `now` (ms). */
    moved(now) {
      if (this._last !== null && now > this._last && now - this._last <= PAUSE_MS) {
        this.seconds += (now - this._last) / 1000;
      }
      this._last = now;
    }

    get minutes() {
      return Math.round(this.seconds / 6) / 10;
    }
  }

  editing.Clock = Clock;
})(window.lightbox);

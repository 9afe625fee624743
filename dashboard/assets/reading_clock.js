/* How long somebody looked at a result: the time that it was before them, pauses and other tabs left out.

   Of each place (a scan, with the result that is shown of it) the time of every visit counts together: who comes
   back to accept what they read before is not quick. Nothing here touches the page. */

(function (lightbox) {
  "use strict";

  const LONGEST_STEP_MS = 2000; // a machine that slept in between: nobody looked
  const MOST_PLACES = 2000;

  class ReadingClock {
    constructor() {
      this._ms = new Map();
      this._place = null;
      this._last = null;
    }

    /** At `now` (ms) this place is shown, null for none; `there` is whether somebody is before it. */
    look(now, place, there) {
      const step = this._last === null ? 0 : now - this._last;
      if (place !== null && place === this._place && there && step > 0) {
        this._add(place, Math.min(step, LONGEST_STEP_MS));
      }
      this._place = place;
      this._last = now;
    }

    /** The time of the place that is shown, since it was first opened or last forgotten. */
    get ms() {
      return this._ms.get(this._place) ?? 0;
    }

    /** What was to be said of the place that is shown is said: its time begins anew. */
    forget() {
      this._ms.delete(this._place);
    }

    _add(place, ms) {
      const before = this._ms.get(place) ?? 0;
      this._ms.delete(place); // the place that was seen last stands last
      this._ms.set(place, before + ms);
      if (this._ms.size > MOST_PLACES) this._ms.delete(this._ms.keys().next().value);
    }
  }

  lightbox.ReadingClock = ReadingClock;
})(window.lightbox);

/* A wheel's turning in slices: one notch is exactly one slice, however the system reports it. */

(function (lightbox) {
  "use strict";

  const NOTCH = 120; // of the legacy wheelDelta, the same on every system
  const TOUCH_RATIO = 2; // a touchpad's wheelDelta is three times its pixels, a wheel's about as many
  const NOTCH_PIXELS = 100;
  const LEAST_NOTCH_PIXELS = 50; // no touchpad moves so far in one event, unless thrown
  const NOTCH_LINES = 3;
  const SLICE_PIXELS = 30; // of a touchpad's movement
  const PAUSE_MS = 200; // after which a movement is another one

  /** Whole notches of an event, 0 where a touchpad (or a smooth wheel) made it. */
  function notches({ deltaY, deltaMode, wheelDeltaY }) {
    if (deltaMode !== 0) return Math.sign(deltaY) * Math.max(1, Math.round(Math.abs(deltaY) / NOTCH_LINES));
    const said = Math.abs(wheelDeltaY || 0);
    const moved = Math.abs(deltaY);
    if (said && said / moved > TOUCH_RATIO) return 0;
    if (said && said % NOTCH === 0) return (Math.sign(deltaY) * said) / NOTCH;
    if (moved < LEAST_NOTCH_PIXELS) return 0;
    return Math.sign(deltaY) * Math.max(1, Math.round(moved / (moved % NOTCH === 0 ? NOTCH : NOTCH_PIXELS)));
  }

  /** How many slices to move by, and what to remember for the next event.

      A touchpad's movement adds up; the first event after a pause moves by one at once, so that a slow
      wheel which reports little is never without effect. */
  function turned(before, event) {
    const { deltaY, timeStamp } = event;
    if (!deltaY) return { steps: 0, rest: before.rest, time: before.time };
    const whole = notches(event);
    if (whole) return { steps: whole, rest: 0, time: timeStamp };
    const fresh = timeStamp - before.time > PAUSE_MS || before.rest * deltaY < 0;
    if (fresh) return { steps: Math.sign(deltaY), rest: 0, time: timeStamp };
    const sum = before.rest + deltaY;
    const steps = Math.trunc(sum / SLICE_PIXELS) + 0; // no negative zero
    return { steps, rest: sum - steps * SLICE_PIXELS, time: timeStamp };
  }

  lightbox.wheel = { turned, still: { rest: 0, time: -Infinity } };
})(window.lightbox);

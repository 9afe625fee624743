/* Windows: from a scan's intensities to grey, and how a drag changes the ends. */

(function (lightbox) {
  "use strict";

  const DRAG_PIXELS = 300; // across the default window's width
  const NARROWEST = 1 / 500; // of the default window's width
  const OPAQUE = 0xff000000;
  const ROUNDING = 1e-6; // of the upper end, which must be white

  const grey = (level) => (OPAQUE | (level * 0x010101)) >>> 0;

  function shade(value, low, scale) {
    const level = (value - low) * scale + ROUNDING;
    return level >= 255 ? 255 : level > 0 ? Math.floor(level) : 0; // not a number is black
  }

  /** Opaque grey pixels (little-endian RGBA) for each 16-bit pattern of a whole number. */
  function table({ low, high }, signed) {
    const pixels = new Uint32Array(65536);
    const scale = 255 / Math.max(high - low, 1e-9);
    for (let pattern = 0; pattern < 65536; pattern++) {
      const value = signed && pattern > 32767 ? pattern - 65536 : pattern;
      pixels[pattern] = grey(shade(value, low, scale));
    }
    return pixels;
  }

  let last = { low: NaN, high: NaN, signed: false, pixels: null };

  function kept(window_, signed) {
    if (last.low !== window_.low || last.high !== window_.high || last.signed !== signed) {
      last = { low: window_.low, high: window_.high, signed, pixels: table(window_, signed) };
    }
    return last.pixels;
  }

  /** Paint values into pixels of the same number: `low` is black, `high` white, as the server draws. */
  function paint(values, window_, pixels) {
    if (values instanceof Float32Array) {
      const scale = 255 / Math.max(window_.high - window_.low, 1e-9);
      for (let at = 0; at < values.length; at++) pixels[at] = grey(shade(values[at], window_.low, scale));
      return;
    }
    const greys = kept(window_, values instanceof Int16Array);
    for (let at = 0; at < values.length; at++) pixels[at] = greys[values[at] & 0xffff];
  }

  /** The window after a drag: to the right is wider, upwards is brighter. */
  function dragged({ low, high }, across, down, usual) {
    const span = usual.high - usual.low || 1;
    const width = Math.max(span * NARROWEST, high - low + (across * span) / DRAG_PIXELS);
    const centre = (low + high) / 2 + (down * span) / DRAG_PIXELS;
    return { low: centre - width / 2, high: centre + width / 2 };
  }

  /** A number with as many digits as the width of a window can tell apart. */
  function digits(value, width) {
    const after = Math.max(0, Math.min(4, 2 - Math.floor(Math.log10(Math.max(width, 1e-9)))));
    return value.toFixed(width >= 20 ? 0 : after);
  }

  /** The numbers that radiologists read: width and level. */
  function words({ low, high }) {
    const width = high - low;
    return "W " + digits(width, width) + " L " + digits((low + high) / 2, width);
  }

  /** The name of the preset that a window is, or "". */
  function named(window_, presets) {
    const close = (value, other, span) => Math.abs(value - other) <= span * 1e-6;
    const same = presets.find(({ low, high }) => {
      const span = high - low || 1;
      return close(window_.low, low, span) && close(window_.high, high, span);
    });
    return same ? same.name : "";
  }

  lightbox.windows = { table, paint, dragged, digits, words, named };
})(window.lightbox);

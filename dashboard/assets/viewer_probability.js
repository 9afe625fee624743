/* The kept probability of each voxel (0..255), cut anew at any threshold. */

(function (lightbox) {
  "use strict";

  const STRENGTH = 0.75; // of the map at probability 1

  /** How many voxels there are of each value. */
  function histogram(probability) {
    const counts = new Uint32Array(256);
    for (let at = 0; at < probability.length; at++) counts[probability[at]]++;
    return counts;
  }

  /** The value above which a threshold of 0 to 1 cuts: as the server draws masks. */
  const cutAt = (threshold) => Math.round(255 * threshold);

  /** How many voxels a threshold keeps. */
  function above(counts, threshold) {
    let sum = 0;
    for (let value = cutAt(threshold) + 1; value < 256; value++) sum += counts[value];
    return sum;
  }

  /** The threshold at which a mask was cut, told by the lowest probability in it; null for an empty mask. */
  function thresholdOf(probability, mask) {
    let least = 256;
    for (let at = 0; at < mask.length; at++) {
      if (mask[at] && probability[at] < least) least = probability[at];
    }
    return least > 255 ? null : Math.max(0, least - 1) / 255;
  }

  /** The mask that a threshold cuts of values. */
  function cutting(values, threshold) {
    const least = cutAt(threshold);
    const mask = new Uint8Array(values.length);
    for (let at = 0; at < values.length; at++) mask[at] = values[at] > least ? 1 : 0;
    return mask;
  }

  /** The map's colours (little-endian RGBA) for 0..255: clear, blue, yellow, red. */
  function colours() {
    const pixels = new Uint32Array(256);
    for (let value = 0; value < 256; value++) {
      const share = value / 255;
      const red = Math.round(255 * Math.min(1, Math.max(0, 2 * share - 0.5)));
      const green = Math.round(255 * Math.max(0, 1 - Math.abs(2 * share - 1.1)));
      const blue = Math.round(255 * Math.max(0, 1 - 2 * share));
      const alpha = Math.round(255 * STRENGTH * Math.min(1, share * 1.5));
      pixels[value] = ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
    }
    return pixels;
  }

  lightbox.probability = { histogram, above, thresholdOf, cutting, cutAt, colours };
})(window.lightbox);

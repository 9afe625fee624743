/* What a pane asks of the viewer: the values, fills and outlines of a slice, and words on it. */

(function (lightbox) {
  "use strict";

  const MAP = lightbox.probability?.colours;

  const methods = {
    /** The values of a slice (rows by columns), or null where they have not come. */
    slice(plane, index) {
      const { volume } = this;
      if (!volume) return null;
      if (plane === this.native) return volume.slice(index);
      return volume.voxels ? this._cut(volume.voxels, plane, index) : null;
    },

    _cut(voxels, plane, index) {
      return lightbox.planes.cut(voxels, this.data.shape, plane, index);
    },

    /** The masks of the server that are chosen, as [name, voxels]. */
    chosenMasks() {
      if (this.covered) return [];
      return lightbox.layers
        .shown(this.source)
        .map((name) => [name, this.masks.get(name)?.voxels])
        .filter(([, voxels]) => voxels);
    },

    lesions() {
      if (this.covered) return [];
      const names = lightbox.layers.shown(this.source);
      return this.data.sources[names[names.length - 1]]?.lesions ?? [];
    },

    /** Functions that fill a slice's pixels, those below first. */
    fills(plane, index) {
      const cut = (voxels) => this._cut(voxels, plane, index);
      const fills = [];
      if (this.layers.has("probability") && this.probability) fills.push(mapped(cut(this.probability.voxels)));
      if (this.layers.has("fill")) {
        for (const [name, voxels] of this.chosenMasks()) {
          fills.push(filled(cut(voxels), lightbox.layers.COLOURS[name], this.opacity));
        }
      }
      for (const { voxels, colour, fill, visible } of this.drawn.values()) {
        if (fill && visible) fills.push(filled(cut(voxels), colour, this.opacity));
      }
      return fills;
    },

    /** Masks of a slice to be outlined, those below first: [{ mask, colour, dashed }]. */
    outlines(plane, index) {
      const cut = (voxels) => this._cut(voxels, plane, index);
      const lines = [];
      if (this.layers.has("outline")) {
        for (const [name, voxels] of this.chosenMasks()) {
          lines.push({ mask: cut(voxels), colour: lightbox.layers.COLOURS[name] });
        }
      }
      if (this.threshold !== null && this.probability) {
        const mask = lightbox.probability.cutting(cut(this.probability.voxels), this.threshold);
        lines.push({ mask, colour: lightbox.layers.COLOURS.whatIf, dashed: true });
      }
      for (const { voxels, colour, outline, visible } of this.drawn.values()) {
        if (outline && visible) lines.push({ mask: cut(voxels), colour });
      }
      return lines;
    },

    /** Where a pane is: plane, slice, and whatever makes the picture another one than it seems. */
    placeWords(pane, drawn) {
      const { own, index, view } = pane;
      if (pane.shift !== null) return String(index + 1);
      const parts = own.size[0] > 1 || own.letters ? [own.label] : [];
      if (own.size[0] > 1) parts.push("slice " + (index + 1) + " of " + own.size[0]);
      if (lightbox.planes.oblique(this.degrees)) parts.push(lightbox.planes.oblique(this.degrees));
      if (view.mirrored) parts.push("mirrored");
      if (view.turns) parts.push("turned " + view.turns * 90 + "°");
      if (this.hidden) parts.push("overlays hidden");
      if (!drawn || (own !== this.native && !this.volume.complete)) {
        parts.push(this.volume?.broken ? "the connection broke, trying again" : "loading");
      }
      if (this.threshold !== null && !this.hidden) parts.push("what if " + this.threshold.toFixed(2));
      return parts.join(" · ");
    },

    /** Position and value of a voxel under the pointer; "" beside the picture. */
    pointWords(pane, point) {
      if (!pane.holds(point)) return "";
      const voxel = point.voxel.map(Math.round);
      const slice = this.volume?.slice(voxel[0]);
      const value = slice ? slice[voxel[1] * this.data.shape[2] + voxel[2]] : null;
      const words = [];
      if (this.data.placed) words.push(lightbox.planes.position(this.data.affine, voxel));
      else words.push("row " + (voxel[1] + 1) + ", column " + (voxel[2] + 1));
      if (value !== null) words.push("value " + (Number.isInteger(value) ? value : value.toPrecision(4)));
      if (this.probability && !this.hidden && this.layers.has("probability")) {
        const [, rows, columns] = this.data.shape;
        const at = (voxel[0] * rows + voxel[1]) * columns + voxel[2];
        words.push("probability " + (this.probability.voxels[at] / 255).toFixed(2));
      }
      return words.join(" · ");
    },
  };

  function filled(mask, colour, opacity) {
    const [red, green, blue] = lightbox.layers.rgb(colour);
    const pixel = ((Math.round(255 * opacity) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
    return (pixels) => {
      for (let at = 0; at < mask.length; at++) if (mask[at]) pixels[at] = pixel;
    };
  }

  const colours = MAP ? MAP() : null;

  function mapped(values) {
    return (pixels) => {
      for (let at = 0; at < values.length; at++) pixels[at] = colours[values[at]];
    };
  }

  Object.assign(lightbox.Viewer.prototype, methods);
})(window.lightbox);

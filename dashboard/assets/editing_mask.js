/* A mask that is being edited: its voxels, and the way back.

   A step is whatever happened since the last one. It is kept as the voxels that it flipped: as runs of them,
   or as a bit a voxel where runs would be longer, so that a step never takes more than an eighth of a byte a
   voxel. The oldest steps go when all together take more than the memory given. */

(function (lightbox) {
  "use strict";

  const editing = (lightbox.editing = lightbox.editing || {});
  const MEMORY_BYTES = 64 * 1024 * 1024;
  const RUN_BYTES = 8; // a start and a length

  /** What differs between two masks from voxel `low` to `high`; null where nothing does. */
  function flipped(before, after, low, high) {
    const runs = [];
    for (let index = low; index <= high; index++) {
      if (before[index] === after[index]) continue;
      const start = index;
      while (index < high && before[index + 1] !== after[index + 1]) index++;
      runs.push(start, index - start + 1);
    }
    if (!runs.length) return null;
    const bytes = Math.ceil((high - low + 1) / 8);
    if ((runs.length / 2) * RUN_BYTES <= bytes) return { runs: Uint32Array.from(runs) };
    const bits = new Uint8Array(bytes);
    for (let run = 0; run < runs.length; run += 2) {
      for (let index = runs[run]; index < runs[run] + runs[run + 1]; index++) {
        bits[(index - low) >> 3] |= 1 << ((index - low) & 7);
      }
    }
    return { bits: bits, low: low };
  }

  const bytesOf = (flips) => (flips.runs || flips.bits).byteLength;

  function eachFlipped(flips, visit) {
    if (flips.runs) {
      for (let run = 0; run < flips.runs.length; run += 2) {
        const end = flips.runs[run] + flips.runs[run + 1];
        for (let index = flips.runs[run]; index < end; index++) visit(index);
      }
      return;
    }
    for (let index = 0; index < flips.bits.length * 8; index++) {
      if (flips.bits[index >> 3] & (1 << (index & 7))) visit(flips.low + index);
    }
  }

  class EditableMask {
    /** A mask that starts as a copy of `voxels` (0 or 1 each, in the order of `grid`); `base` names that start. */
    constructor(grid, voxels, base, memoryBytes) {
      if (voxels.length !== editing.grid.size(grid)) throw new RangeError("The mask has not the size of its grid.");
      this.grid = grid;
      this.voxels = new Uint8Array(voxels);
      this.base = base;
      this._settled = this.voxels.slice(); // as of the last step
      this._memory = memoryBytes || MEMORY_BYTES;
      this._done = [];
      this._undone = [];
      this.count = this.voxels.reduce((sum, value) => sum + value, 0);
      this._untouched();
    }

    /** The mask's volume in mL, null where the voxels' size is not known. */
    get millilitres() {
      const { spacing } = this.grid;
      return spacing ? (this.count * spacing[0] * spacing[1] * spacing[2]) / 1000 : null;
    }

    get canUndo() {
      return this._done.length > 0;
    }

    get canRedo() {
      return this._undone.length > 0;
    }

    /** The bytes that the way back takes. */
    get historyBytes() {
      return [...this._done, ...this._undone].reduce((sum, step) => sum + step.bytes, 0);
    }

    /** Set a voxel, as part of a step that `step` ends. */
    set(index, value) {
      if (this.voxels[index] === value) return;
      this.voxels[index] = value;
      this.count += value ? 1 : -1;
      if (index < this._low) this._low = index;
      if (index > this._high) this._high = index;
    }

    setAll(indices, value) {
      for (const index of indices) this.set(index, value);
    }

    /** Become a copy of `voxels`, as part of a step. */
    replace(voxels) {
      for (let index = 0; index < voxels.length; index++) this.set(index, voxels[index]);
    }

    /** End a step; false where it changed nothing. */
    step(label) {
      return this._end(label, this.base);
    }

    /** Begin again from `voxels`, called `base`; this is a step that can be undone as well. */
    restart(voxels, base, label) {
      this.replace(voxels);
      return this._end(label, base);
    }

    /** Forget what was set since the last step. */
    cancel() {
      for (let index = this._low; index <= this._high; index++) this.set(index, this._settled[index]);
      this._untouched();
    }

    /** Take the last step back and return its label, null where there is none. */
    undo() {
      return this._turn(this._done, this._undone, "before");
    }

    redo() {
      return this._turn(this._undone, this._done, "after");
    }

    _untouched() {
      this._low = this.voxels.length;
      this._high = -1;
    }

    _end(label, base) {
      const flips = flipped(this._settled, this.voxels, this._low, this._high);
      const changed = flips !== null || base !== this.base;
      if (changed) {
        const kept = flips || { runs: new Uint32Array(0) };
        this._settled.set(this.voxels.subarray(this._low, this._high + 1), Math.min(this._low, this.voxels.length));
        this._done.push({ label: label, flips: kept, bytes: bytesOf(kept), before: this.base, after: base });
        this._undone = [];
        this.base = base;
        this._forget();
      }
      this._untouched();
      return changed;
    }

    _forget() {
      let bytes = this.historyBytes;
      while (bytes > this._memory && this._done.length > 1) bytes -= this._done.shift().bytes;
    }

    _turn(from, to, side) {
      this.cancel();
      const step = from.pop();
      if (!step) return null;
      eachFlipped(step.flips, (index) => {
        this.set(index, this.voxels[index] ? 0 : 1);
        this._settled[index] = this.voxels[index];
      });
      this._untouched();
      this.base = step[side];
      to.push(step);
      return step.label;
    }
  }

  editing.EditableMask = EditableMask;
})(window.lightbox);

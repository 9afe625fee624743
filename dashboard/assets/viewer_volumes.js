/* The voxels of a scan, streamed in blocks of slices, those around the slice that is looked at first. */

(function (lightbox) {
  "use strict";

  const BLOCK_BYTES = 2 << 20;
  const AT_ONCE = 3;
  const AGAIN_MS = 2000;
  const BYTES_PER_VOXEL = 2; // guessed for the size of blocks before the first has come
  const GIB = 1 << 30;
  const SHARE_OF_MEMORY = 1 / 8; // of the device's, for a scan
  const ARRAYS = { uint8: Uint8Array, int16: Int16Array, uint16: Uint16Array, float32: Float32Array };

  /** Blocks of slices [first, last], always the same for a shape, so that a browser keeps them. */
  function blocksOf([slices, rows, columns]) {
    const length = Math.max(1, Math.floor(BLOCK_BYTES / (rows * columns * BYTES_PER_VOXEL)));
    const blocks = [];
    for (let first = 0; first < slices; first += length) {
      blocks.push({ first, last: Math.min(slices, first + length) - 1, state: "missing", values: null });
    }
    return blocks;
  }

  /** The missing block that is nearest to a slice, or undefined. */
  function nearest(blocks, slice) {
    const off = ({ first, last }) => Math.max(first - slice, slice - last, 0);
    return blocks
      .filter(({ state }) => state === "missing")
      .reduce((best, block) => (best && off(best) <= off(block) ? best : block), undefined);
  }

  /** How many bytes a scan may take here: browsers tell of up to 8 GiB of memory, some of none. */
  const mostBytes = () => (navigator.deviceMemory ?? 8) * GIB * SHARE_OF_MEMORY;

  function whole(Voxels, length) {
    if (length * Voxels.BYTES_PER_ELEMENT > mostBytes()) return null;
    try {
      return new Voxels(length);
    } catch (error) {
      if (error instanceof RangeError) return null;
      throw error;
    }
  }

  /** Raw bytes of an address, with the type of their voxels. */
  async function fetchVoxels(address, signal) {
    const response = await fetch(address, { signal });
    if (!response.ok) throw new Error(address + " answered " + response.status);
    const Voxels = ARRAYS[response.headers.get("X-Voxel-Type")];
    return new Voxels(await response.arrayBuffer());
  }

  /** A scan's voxels as far as they have come.

      `voxels` is the whole array (slices that have not come are 0; `has(slice)` tells), or null where this
      device has not the memory: then only the slices near the last wanted one are kept, and only
      the plane of the acquisition can be shown (`partial`). `changed` is called as blocks come. */
  class Volume {
    constructor(base, shape, start, changed) {
      this.shape = shape;
      this.voxels = null;
      this.partial = false;
      this.type = null;
      this.broken = false;
      this.arrived = 0; // how many blocks have come: with another number slices may have other values
      this.blocks = blocksOf(shape);
      this._base = base;
      this._wanted = start;
      this._changed = changed;
      this._running = 0;
      this._leaving = new AbortController();
      this._go();
    }

    /** Ends the streaming. */
    close() {
      this._leaving.abort();
    }

    /** What is fetched next. */
    want(slice) {
      this._wanted = slice;
      this._go();
    }

    /** Ends fetches that belong to this scan. */
    get signal() {
      return this._leaving.signal;
    }

    has(slice) {
      return this._blockOf(slice).state === "here";
    }

    /** Whether every slice has come. */
    get complete() {
      return !this.partial && this.blocks.every(({ state }) => state === "here");
    }

    /** The values of a slice as kept (rows by columns), or null where they have not come. */
    slice(index) {
      const block = this._blockOf(index);
      if (block.state !== "here") return null;
      const pixels = this.shape[1] * this.shape[2];
      if (this.voxels) return this.voxels.subarray(index * pixels, (index + 1) * pixels);
      return block.values.subarray((index - block.first) * pixels, (index - block.first + 1) * pixels);
    }

    _blockOf(slice) {
      return this.blocks[Math.floor(slice / (this.blocks[0].last + 1))];
    }

    _go() {
      while (this._running < AT_ONCE && !this._leaving.signal.aborted) {
        const block = nearest(this.blocks, this._wanted);
        if (!block || (this.partial && this._isFar(block))) return;
        // The first comes alone: the picture that somebody waits for shares the line with nothing.
        if (this._running && !this.type) return;
        this._fetch(block);
      }
    }

    async _fetch(block) {
      block.state = "asked";
      this._running++;
      try {
        const address = this._base + "/volume?first=" + block.first + "&last=" + block.last;
        this._keep(block, await fetchVoxels(address, this._leaving.signal));
        this.broken = false;
      } catch (error) {
        if (this._leaving.signal.aborted) return;
        if (!(error instanceof TypeError) && !String(error).includes("answered")) throw error;
        this.broken = true;
        await new Promise((after) => setTimeout(after, AGAIN_MS));
        block.state = "missing";
      } finally {
        this._running--;
      }
      this._changed(block);
      this._go();
    }

    _keep(block, values) {
      const [slices, rows, columns] = this.shape;
      if (!this.type) {
        this.type = values.constructor;
        this.voxels = whole(this.type, slices * rows * columns);
        this.partial = !this.voxels;
      }
      if (this.voxels) this.voxels.set(values, block.first * rows * columns);
      else block.values = values;
      block.state = "here";
      this.arrived++;
      if (this.partial) this._forget();
    }

    /** How many blocks are kept where not all can be. */
    get _capacity() {
      const bytes = this.blocks[0].values ? this.blocks[0].values.byteLength : BLOCK_BYTES;
      return Math.max(3, Math.floor(mostBytes() / bytes));
    }

    _isFar({ first, last }) {
      const length = this.blocks[0].last + 1;
      return Math.max(first - this._wanted, this._wanted - last, 0) > (this._capacity * length) / 3;
    }

    _forget() {
      const here = this.blocks.filter(({ state }) => state === "here");
      const off = ({ first, last }) => Math.max(first - this._wanted, this._wanted - last, 0);
      here.sort((a, b) => off(b) - off(a));
      for (const block of here.slice(0, Math.max(0, here.length - this._capacity))) {
        block.values = null;
        block.state = "missing";
      }
    }
  }

  lightbox.volumes = { Volume, fetchVoxels, blocksOf, nearest };
})(window.lightbox);

/* The viewer's state: which scan, where the crosshair stands, which window, layers, planes. Panes draw it,
   controls show it, pointers and keys change it. */

(function (lightbox) {
  "use strict";

  const TILE = 200; // pixels that a slice of a mosaic should have at least
  const OPACITY = 0.45;

  const say = (name, detail) => document.dispatchEvent(new CustomEvent("lightbox:" + name, { detail }));

  class Viewer {
    constructor(root) {
      this.root = root;
      this.panes = [];
      this.masks = new Map(); // of the server: layer -> { voxels, version }
      this.drawn = new Map(); // of other scripts: layer -> { voxels, colour, outline, fill, visible }
      this.opacity = OPACITY;
      lightbox.controls.build(this);
      lightbox.pointers.listen(this);
      this.resized = new ResizeObserver(() => this._measure());
      this.resized.observe(this.stage);
      this.toolsChanged = () => {
        lightbox.controls.tools(this);
        this.redraw();
      };
      document.addEventListener("lightbox:tools", this.toolsChanged);
    }

    /** Lets everything go: the page has another viewer, or none. */
    close() {
      this.volume?.close();
      this.rendering?.close();
      this.resized.disconnect();
      document.removeEventListener("lightbox:tools", this.toolsChanged);
    }

    // ---- a scan ------------------------------------------------------------------------------

    /** Shows a scan, or what is new of the one that is shown; settings that somebody made stay. */
    show(data) {
      const before = this.data;
      const fresh = !before || before.scan !== data.scan;
      this.data = data;
      if (fresh) this._open();
      const names = lightbox.layers.offered(data);
      const offered = names.join();
      if (fresh || offered !== this.offered) this.layers = lightbox.layers.usual(names);
      this.offered = offered;
      const resultCame = !fresh && !Object.keys(before.sources).length && Object.keys(data.sources).length;
      if (resultCame) this.setCross(data.start);
      this._useSources(fresh ? {} : before.sources);
      this._useHeat();
      if (!fresh && before.probability !== data.probability) this._forgetProbability();
      lightbox.controls.show(this);
      this.redraw();
      say("scan", { scan: data.scan, fresh });
    }

    _open() {
      const { data } = this;
      this.volume?.close();
      this.masks.clear();
      this.drawn.clear();
      lightbox.viewer.chooseTool(null);
      this.told = false;
      lightbox.controls.say(this, "");
      Object.assign(this, lightbox.planes.planesOf(data)); // planes, native, degrees
      this.window = { ...data.windows[0] };
      this.source = "ai";
      this.covered = false; // whether the server's masks give way to one that is drawn
      this.hidden = false;
      this.plane = this.native;
      this.cross = [...data.start];
      this.heat = null;
      this._forgetProbability();
      this.setLayout("single");
      this.volume = new lightbox.volumes.Volume(data.base, data.shape, data.start[0], (block) => this._came(block));
    }

    _came(block) {
      const at = this.cross[0];
      const many = this.panes.some((pane) => pane.own !== this.native || pane.shift !== null);
      if (many || (block.first <= at && at <= block.last) || this.volume.partial) this.redraw();
      lightbox.controls.status(this);
      if (this.volume.complete) say("scan", { scan: this.data.scan, complete: true });
    }

    // ---- masks and maps ----------------------------------------------------------------------

    _useSources(before) {
      const { sources } = this.data;
      for (const name of ["ai", "corrected"]) {
        const source = sources[name];
        if (source && this.masks.get(name)?.version !== source.version) this._fetchMask(name, source.version);
        if (!source) this.masks.delete(name);
      }
      if (before.corrected?.version !== sources.corrected?.version) {
        this.source = sources.corrected ? "corrected" : "ai";
      }
    }

    async _fetchMask(name, version) {
      const { scan, base } = this.data;
      const voxels = await this._fetch(lightbox.layers.address(base, name, version));
      if (!voxels || this.data.scan !== scan || this.data.sources[name]?.version !== version) return;
      this.masks.set(name, { voxels, version });
      this.redraw();
      say("mask", { layer: name });
    }

    async _fetch(address) {
      try {
        return await lightbox.volumes.fetchVoxels(address, this.volume?.signal);
      } catch (error) {
        if (error.name !== "AbortError") lightbox.controls.say(this, "A layer could not be fetched; open the scan again.");
        return null;
      }
    }

    _useHeat() {
      const { heatmap, base } = this.data;
      if (!heatmap) this.heat = null;
      if (!heatmap || this.heat) return;
      const image = new Image();
      image.onload = () => {
        this.heat = image;
        this.redraw();
      };
      image.src = base + "/heatmap.png?v=" + heatmap;
    }

    _forgetProbability() {
      this.probability = null;
      this.threshold = null;
      this.cutAt = null;
    }

    /** Fetches the map of probabilities where it is not here; resolves when it is, with null if it cannot be. */
    async wantProbability() {
      if (this.probability || !this.data.probability) return this.probability;
      const version = this.data.probability;
      const voxels = await this._fetch(this.data.base + "/probability.bin?v=" + version);
      if (!voxels || this.data.probability !== version) return null;
      const mask = this.masks.get("ai")?.voxels;
      this.probability = { voxels, counts: lightbox.probability.histogram(voxels) };
      this.cutAt = (mask && lightbox.probability.thresholdOf(voxels, mask)) ?? 0.5;
      this.redraw();
      return this.probability;
    }

    /** Cuts the probability at another threshold (0 to 1), to look at; null ends it. */
    setThreshold(threshold) {
      this.threshold = threshold;
      lightbox.whatIf.words(this);
      this.redraw();
    }

    // ---- moving ------------------------------------------------------------------------------

    indexOf(plane) {
      return lightbox.planes.toPlane(plane, this.cross)[0];
    }

    /** Puts the crosshair on a voxel; every pane follows. */
    setCross(voxel) {
      const next = voxel.map((value, axis) => Math.min(this.data.shape[axis] - 1, Math.max(0, Math.round(value))));
      if (next.every((value, axis) => value === this.cross[axis])) return;
      const before = this.indexOf(this.front);
      this.cross = next;
      this.volume?.want(next[0]);
      lightbox.controls.slice(this);
      this.redraw();
      const slice = this.indexOf(this.front);
      if (slice !== before) say("slice", { plane: this.front.name, slice });
    }

    /** Shows a slice of the plane in front. */
    goTo(index, plane = this.front) {
      const place = lightbox.planes.toPlane(plane, this.cross);
      place[0] = Math.min(plane.size[0] - 1, Math.max(0, index));
      this.setCross(lightbox.planes.toVoxel(plane, place));
    }

    step(steps, plane = this.front) {
      this.goTo(this.indexOf(plane) + steps, plane);
    }

    /** The plane that keys, slider and tools mean. */
    get front() {
      return this.active ? this.active.own : this.plane;
    }

    activate(pane) {
      if (this.active === pane) return;
      this.active = pane;
      lightbox.controls.slice(this);
      this.redraw();
    }

    // ---- what is shown how -------------------------------------------------------------------

    setWindow({ low, high }) {
      if (!(high > low)) return;
      this.window = { low, high };
      lightbox.controls.window(this);
      this.redraw();
    }

    /** "single", "three", "mosaic" or "rendering" (three-dimensional). */
    setLayout(layout, plane = this.plane) {
      this.layout = layout;
      this.plane = plane;
      this.rendering?.close();
      this.rendering = null;
      this.stage.replaceChildren();
      this.stage.className = "lb-stage lb-stage-" + layout;
      this.panes = this._panes();
      this.active = this.panes.find((pane) => pane.own === plane) ?? null;
      if (layout === "rendering") this.rendering = lightbox.rendering.open(this);
      this._measure();
      lightbox.controls.layout(this);
    }

    _panes() {
      if (this.layout === "three") return this.planes.map((plane) => new lightbox.Pane(this, plane));
      if (this.layout === "single") return [new lightbox.Pane(this, this.plane)];
      return this.layout === "mosaic" ? this._tiles() : [];
    }

    _tiles() {
      const across = Math.max(2, Math.floor(this.stage.clientWidth / TILE));
      const down = Math.max(2, Math.floor(this.stage.clientHeight / TILE));
      this.stage.style.setProperty("--lb-across", across);
      this.stage.style.setProperty("--lb-down", down);
      const page = Math.min(across * down, this.plane.size[0]);
      return Array.from({ length: page }, (_, shift) =>
        Object.assign(new lightbox.Pane(this, this.plane, shift), { page })
      );
    }

    toggleLayer(name, on) {
      if (on) this.layers.add(name);
      else this.layers.delete(name);
      if (name === "probability" && on) this.wantProbability();
      lightbox.controls.layers(this);
      this.redraw();
    }

    setHidden(hidden) {
      this.hidden = hidden;
      lightbox.controls.layers(this);
      this.redraw();
    }

    /** Mirrors or turns a single picture. */
    turn(changes) {
      for (const pane of this.panes) pane.setView({ ...pane.view, pan: [0, 0], zoom: 1, ...changes(pane.view) });
    }

    /** A layer of another script: voxels in the scan's shape, or null to take it away. */
    setLayer(name, voxels, { colour = "#7dff9b", outline = true, fill = false, visible = true } = {}) {
      if (voxels) this.drawn.set(name, { voxels, colour, outline, fill, visible });
      else this.drawn.delete(name);
      this.redraw();
      say("mask", { layer: name });
    }

    _measure() {
      for (const pane of this.panes) pane.measure();
    }

    /** Draws everything anew before the next frame. */
    redraw() {
      this.drawing ??= requestAnimationFrame(() => {
        this.drawing = null;
        if (!this.root.isConnected || !this.data) return;
        let whole = true;
        for (const pane of this.panes) whole = pane.draw() && whole;
        const active = this.active ?? this.panes[0];
        if (active && whole) this.stage.dataset.shown = active.index;
        this.rendering?.follow();
      });
    }
  }

  lightbox.Viewer = Viewer;
})(window.lightbox);

/* One frame with one slice: the picture, what lies over it, and the words at its corners. */

(function (lightbox) {
  "use strict";

  const { make } = lightbox;
  const LINE = 1.75; // of an outline
  const SMOOTH_BELOW = 3; // pixels of the screen for one of the picture: beyond, voxels are shown as they are
  const CROSS = { axial: "#5aa9ff", coronal: "#6fdc8c", sagittal: "#ffb454", slices: "#5aa9ff", rows: "#6fdc8c", columns: "#ffb454" };
  const GAP = 12; // of the crosshair around its point
  const EDGES = ["left", "right", "top", "bottom"];

  class Pane {
    /** `shift` is for a mosaic: which slice of a page this is; null for the slice of the crosshair. */
    constructor(viewer, plane, shift = null) {
      this.viewer = viewer;
      this.own = plane;
      this.shift = shift;
      this.page = 1;
      this.view = lightbox.zoom.whole();
      this.canvas = make("canvas", { className: "lb-pane-canvas" });
      this.letters = {};
      for (const edge of EDGES) this.letters[edge] = make("span", { className: "lb-letter lb-letter-" + edge });
      this.place = make("span", { className: "lb-place" });
      this.readout = make("span", { className: "lb-readout" });
      this.bar = make("span", { className: "lb-scale" });
      this.numbers = make("span", { className: "lb-window-words" });
      const words = [...Object.values(this.letters), this.place, this.readout, this.bar, this.numbers];
      this.element = make("div", { className: "lb-pane" }, this.canvas, ...words);
      viewer.stage.append(this.element);
      this.picture = make("canvas");
      this.painted = []; // what the picture was painted of
      this.picture.addEventListener("contextrestored", () => {
        this.painted = [];
        viewer.redraw();
      });
      this.over = make("canvas");
      this.frame = [0, 0];
      this.element.pane = this;
    }

    /** The plane's name, as tools know it. */
    get plane() {
      return this.own.name;
    }

    /** The slice of the plane that is shown. */
    get index() {
      const at = lightbox.planes.toPlane(this.own, this.viewer.cross)[0];
      if (this.shift === null) return at;
      return Math.floor(at / this.page) * this.page + this.shift;
    }

    /** Millimetres of a (row, column), or 1 each where the file states none. */
    get mm() {
      const [, row, column] = this.own.axes.map((axis) => this.viewer.data.spacing[axis]);
      return row && column ? [row, column] : [1, 1];
    }

    get size() {
      return this.own.size.slice(1);
    }

    measure() {
      this.frame = [this.element.clientWidth, this.element.clientHeight];
      const density = window.devicePixelRatio || 1;
      this.canvas.width = Math.max(1, Math.round(this.frame[0] * density));
      this.canvas.height = Math.max(1, Math.round(this.frame[1] * density));
      this.density = density;
      this.setView(this.view);
    }

    setView(view) {
      this.view = lightbox.zoom.bounded(this.size, this.mm, this.frame, view);
      this.viewer.redraw();
    }

    zoomAt(factor, at) {
      const middle = [this.frame[0] / 2, this.frame[1] / 2];
      this.setView(lightbox.zoom.zoomedAt(this.size, this.mm, this.frame, this.view, factor, at ?? middle));
    }

    get matrix() {
      return lightbox.zoom.matrix(this.size, this.mm, this.frame, this.view);
    }

    /** Where a voxel's centre is in this frame, whatever slice is shown. */
    toCanvas(voxel) {
      const [, row, column] = lightbox.planes.toPlane(this.own, voxel);
      return lightbox.zoom.apply(this.matrix, [column + 0.5, row + 0.5]);
    }

    /** The point of the shown slice under (x, y) of the frame. */
    pointAt(at) {
      const [u, v] = lightbox.zoom.unapply(this.matrix, at);
      const [row, column, slice] = [v - 0.5, u - 0.5, this.index];
      return { plane: this.plane, slice, row, column, voxel: lightbox.planes.toVoxel(this.own, [slice, row, column]) };
    }

    /** Whether a point lies on the picture. */
    holds({ row, column }) {
      return row >= -0.5 && column >= -0.5 && row < this.size[0] - 0.5 && column < this.size[1] - 0.5;
    }

    // ---- drawing -----------------------------------------------------------------------------

    /** Draws the slice; false where its voxels have not come. */
    draw() {
      const context = this.canvas.getContext("2d");
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, this.canvas.width, this.canvas.height);
      const there = this.index >= 0 && this.index < this.own.size[0];
      const drawn = there && this._paint();
      if (drawn) {
        this._picture(context);
        if (!this.viewer.hidden) this._overlays(context);
        this._cross(context);
        this._tools(context);
      }
      this._words(there, drawn);
      return drawn;
    }

    /** Has the slice's values in the picture, coloured anew only where they or the window changed; false where
        they have not come. */
    _paint() {
      const { volume, window: now } = this.viewer;
      const wanted = [volume, volume?.arrived, this.index, now.low, now.high];
      if (wanted.every((part, at) => part === this.painted[at])) return true;
      const values = this.viewer.slice(this.own, this.index);
      if (!values) return false;
      blit(this.picture, ...this.size, (pixels) => lightbox.windows.paint(values, now, pixels));
      this.painted = wanted;
      return true;
    }

    _fit(context) {
      const [a, b, c, d, e, f] = this.matrix.map((part) => part * this.density);
      context.setTransform(a, b, c, d, e, f);
    }

    _picture(context) {
      this._fit(context);
      const scale = lightbox.zoom.fitScale(this.size, this.mm, this.frame, this.view) * this.view.zoom;
      context.imageSmoothingEnabled = scale * Math.min(...this.mm) < SMOOTH_BELOW;
      context.imageSmoothingQuality = "high";
      context.drawImage(this.picture, 0, 0);
    }

    _overlays(context) {
      const { viewer } = this;
      const [rows, columns] = this.size;
      const fills = viewer.fills(this.own, this.index);
      if (fills.length) {
        blit(this.over, rows, columns, (pixels) => fills.forEach((fill) => fill(pixels)));
        this._fit(context);
        context.imageSmoothingEnabled = false;
        context.drawImage(this.over, 0, 0);
      }
      if (viewer.heat && viewer.layers.has("heatmap") && this.own === viewer.native) {
        this._fit(context);
        context.globalAlpha = viewer.opacity;
        context.drawImage(viewer.heat, 0, 0, columns, rows);
        context.globalAlpha = 1;
      }
      this._plain(context);
      for (const { mask, colour, dashed } of viewer.outlines(this.own, this.index)) {
        this._lines(context, lightbox.outlines.edges(mask, rows, columns), colour, dashed);
      }
      lightbox.marks.draw(context, this);
    }

    _plain(context) {
      context.setTransform(this.density, 0, 0, this.density, 0, 0);
    }

    _lines(context, lines, colour, dashed) {
      const matrix = this.matrix;
      context.beginPath();
      for (let at = 0; at < lines.length; at += 4) {
        context.moveTo(...lightbox.zoom.apply(matrix, [lines[at], lines[at + 1]]));
        context.lineTo(...lightbox.zoom.apply(matrix, [lines[at + 2], lines[at + 3]]));
      }
      context.strokeStyle = colour;
      context.lineWidth = LINE;
      context.setLineDash(dashed ? [4, 3] : []);
      context.stroke();
      context.setLineDash([]);
    }

    _cross(context) {
      const { viewer } = this;
      if (viewer.layout !== "three" || viewer.hidden) return;
      this._plain(context);
      const [x, y] = this.toCanvas(viewer.cross);
      const turned = this.view.turns % 2;
      const [byRow, byColumn] = [1, 2].map((run) => viewer.planes.find(({ axes }) => axes[0] === this.own.axes[run]));
      const [level, upright] = turned ? [byColumn, byRow] : [byRow, byColumn];
      strike(context, CROSS[level.name], [[0, y, x - GAP, y], [x + GAP, y, this.frame[0], y]]);
      strike(context, CROSS[upright.name], [[x, 0, x, y - GAP], [x, y + GAP, x, this.frame[1]]]);
    }

    _tools(context) {
      for (const tool of lightbox.viewer.tools()) {
        if (!tool.draw) continue;
        context.save();
        this._plain(context);
        tool.draw(context, this);
        context.restore();
      }
    }

    _words(there, drawn) {
      const { viewer, own } = this;
      const letters = lightbox.zoom.turnedLetters(own.letters, this.view);
      for (const [edge, letter] of Object.entries(this.letters)) lightbox.setText(letter, letters ? letters[edge] : "");
      this.element.hidden = !there;
      lightbox.setText(this.place, viewer.placeWords(this, drawn));
      lightbox.setText(this.numbers, this.shift === null ? lightbox.windows.words(viewer.window) : "");
      this.element.classList.toggle("lb-pane-active", viewer.active === this && viewer.panes.length > 1 && this.shift === null);
      this.element.classList.toggle("lb-pane-current", this.shift !== null && this.index === viewer.indexOf(own));
      this._scale();
    }

    _scale() {
      const known = this.own.axes.slice(1).every((axis) => this.viewer.data.spacing[axis]);
      this.bar.hidden = !known || this.shift !== null || !this.frame[0];
      if (this.bar.hidden) return;
      const scale = lightbox.zoom.fitScale(this.size, this.mm, this.frame, this.view) * this.view.zoom;
      const { mm, pixels } = lightbox.zoom.scaleBar(scale);
      this.bar.style.width = pixels + "px";
      lightbox.setText(this.bar, mm >= 10 ? mm / 10 + " cm" : mm + " mm");
    }
  }

  function strike(context, colour, lines) {
    context.strokeStyle = colour;
    context.globalAlpha = 0.7;
    context.lineWidth = 1;
    context.beginPath();
    for (const [x1, y1, x2, y2] of lines) {
      context.moveTo(x1, y1);
      context.lineTo(x2, y2);
    }
    context.stroke();
    context.globalAlpha = 1;
  }

  /** Fills a canvas of one pixel a voxel; `paint` is given its pixels, all clear. */
  function blit(canvas, rows, columns, paint) {
    if (canvas.width !== columns || canvas.height !== rows || !canvas.data) {
      canvas.width = columns;
      canvas.height = rows;
      canvas.data = new ImageData(columns, rows);
      canvas.pixels = new Uint32Array(canvas.data.data.buffer);
    }
    canvas.pixels.fill(0);
    paint(canvas.pixels);
    canvas.getContext("2d").putImageData(canvas.data, 0, 0);
  }

  lightbox.Pane = Pane;
})(window.lightbox);

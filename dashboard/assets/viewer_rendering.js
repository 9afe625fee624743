/* The three-dimensional view, by NiiVue: fetched when it is first opened, absent without WebGL 2. Only this
   file knows NiiVue. Slices are never drawn by it. */

(function (lightbox) {
  "use strict";

  const SCRIPT = "/assets/vendor/niivue.umd.js";
  const MOST_VOXELS = 24e6;
  const NO_WEBGL = "3-D needs WebGL 2, which this browser or machine does not offer. Slices need nothing of the kind.";
  const NOT_LOADED = "The three-dimensional view could not be loaded.";
  const HELP = "drag turns · wheel zooms";
  const NIFTI = 1; // its number of the file format
  const BACKGROUND = [0.02, 0.03, 0.04, 1];
  const MASK_OPACITY = 0.7;

  let known = null;
  let loading = null;

  /** Whether this browser draws with WebGL 2. */
  function supported() {
    if (known === null) {
      const context = document.createElement("canvas").getContext("webgl2");
      known = Boolean(context);
      context?.getExtension("WEBGL_lose_context")?.loseContext();
    }
    return known;
  }

  function library() {
    loading ??= new Promise((there, gone) => {
      const script = document.createElement("script");
      script.src = SCRIPT;
      script.onload = () => there(window.niivue);
      script.onerror = () => {
        loading = null;
        script.remove();
        gone(new Error(NOT_LOADED));
      };
      document.head.append(script);
    });
    return loading;
  }

  function image(niivue, buffer, { name, colormap, opacity, low, high }) {
    return niivue.NVImage.new(buffer, name, colormap, opacity, null, low, high, true, 0, false, false, "", 0, NIFTI);
  }

  /** What is open: `follow()` takes over the window, `close()` lets the graphics memory go. */
  class Rendering {
    constructor(viewer) {
      this.viewer = viewer;
      const { make } = lightbox;
      this.canvas = make("canvas", { className: "lb-rendering", tabIndex: 0, aria: { label: "Three-dimensional view" } });
      this.words = make("span", { className: "lb-place" }, "3-D · loading");
      this.element = make("div", { className: "lb-pane" }, this.canvas, this.words);
      viewer.stage.append(this.element);
      this.closed = false;
      this._start().catch((error) => this._failed(error));
    }

    async _start() {
      const { viewer } = this;
      const niivue = await library();
      await whole(viewer);
      if (this.closed) return;
      const { data, volume } = viewer;
      const stride = lightbox.nifti.strideFor(data.shape, MOST_VOXELS);
      this.nv = new niivue.Niivue({
        backColor: BACKGROUND, show3Dcrosshair: false, isOrientCube: data.placed, logLevel: "error", crosshairWidth: 0,
      });
      await this.nv.attachToCanvas(this.canvas);
      const { low, high } = viewer.window;
      this.scan = await image(niivue, lightbox.nifti.file(volume.voxels, data, stride), {
        name: "scan.nii", colormap: "gray", opacity: 1, low, high,
      });
      if (this.closed) return;
      this.nv.addVolume(this.scan);
      await this._masks(niivue, stride);
      if (this.closed) return;
      this.nv.setSliceType(niivue.SLICE_TYPE.RENDER);
      this.words.textContent = ["3-D", HELP, ...(stride > 1 ? ["every " + stride + " voxels"] : [])].join(" · ");
      viewer.stage.dataset.rendered = String(this.nv.volumes.length);
    }

    async _masks(niivue, stride) {
      const { viewer } = this;
      for (const [name, voxels] of viewer.chosenMasks()) {
        if (!voxels.includes(1)) continue;
        const colormap = name === "ai" ? "red" : "blue";
        const mask = await image(niivue, lightbox.nifti.file(voxels, viewer.data, stride), {
          name: name + ".nii", colormap, opacity: MASK_OPACITY, low: 0.5, high: 1,
        });
        if (!this.closed) this.nv.addVolume(mask);
      }
    }

    _failed(error) {
      if (this.closed) return;
      this.words.textContent = NOT_LOADED;
      console.error(error);
    }

    follow() {
      const { low, high } = this.viewer.window;
      if (!this.scan || (this.scan.cal_min === low && this.scan.cal_max === high)) return;
      Object.assign(this.scan, { cal_min: low, cal_max: high });
      this.nv.updateGLVolume();
    }

    close() {
      this.closed = true;
      delete this.viewer.stage.dataset.rendered;
      this.nv?.cleanup();
      this.canvas.getContext("webgl2")?.getExtension("WEBGL_lose_context")?.loseContext();
    }
  }

  function whole(viewer) {
    if (viewer.volume.complete) return Promise.resolve();
    return new Promise((there) => {
      const look = ({ detail }) => {
        if (!detail.complete) return;
        document.removeEventListener("lightbox:scan", look);
        there();
      };
      document.addEventListener("lightbox:scan", look);
    });
  }

  lightbox.rendering = { supported, open: (viewer) => new Rendering(viewer), NO_WEBGL };
})(window.lightbox);

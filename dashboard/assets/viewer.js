/* The viewer: pictures drawn by the server, stacked and swapped by the browser.

   All layers of a slice change together, once they are decoded, so nothing flickers. Neighbouring
   slices are fetched ahead. The Dash controls call drawViewer; wheel, keys and touch go the other
   way and move the Dash slider. */

(function (lightbox, callbacks) {
  "use strict";

  const KEPT = 240; // decoded pictures
  const WINDOW_DELAY_MS = 120;
  const MOST_ZOOM = 8;
  const SVG = "http://www.w3.org/2000/svg";

  const { query, layersOf, neighbours, within, turned, fitted, windowOf, marks } = lightbox.geometry;
  const pictures = new Map();
  let view = null;

  // ---- pictures ----------------------------------------------------------------------------

  function load(url) {
    let kept = pictures.get(url);
    if (kept) pictures.delete(url);
    else {
      const image = new Image();
      image.src = url;
      kept = image.decode().then(
        () => image,
        () => {
          pictures.delete(url);
          return null;
        }
      );
    }
    pictures.set(url, kept); // the newest is last
    if (pictures.size > KEPT) pictures.delete(pictures.keys().next().value);
    return kept;
  }

  // ---- the stage ---------------------------------------------------------------------------

  function build(stage) {
    stage.replaceChildren();
    const canvas = document.createElement("div");
    canvas.className = "lb-canvas";
    const images = {};
    for (const layer of ["slice", "heatmap", "mask", "outline"]) {
      images[layer] = document.createElement("img");
      images[layer].alt = "";
      images[layer].draggable = false;
      images[layer].className = "lb-layer lb-layer-" + layer;
      images[layer].hidden = true;
      canvas.append(images[layer]);
    }
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("class", "lb-layer");
    svg.setAttribute("preserveAspectRatio", "none");
    canvas.append(svg);
    stage.append(canvas);
    const letters = ["left", "right", "top", "bottom"].map((side) => {
      const letter = document.createElement("span");
      letter.className = "lb-letter lb-letter-" + side;
      stage.append(letter);
      return letter;
    });
    const place = document.createElement("span");
    place.className = "lb-place";
    stage.append(place, zoomButtons());
    listen(stage);
    new ResizeObserver(fit).observe(stage);
    return { stage, canvas, images, svg, letters, place, zoom: 1, pan: [0, 0], order: 0, applied: 0, pushed: [] };
  }

  function zoomButtons() {
    const box = document.createElement("div");
    box.className = "lb-zoom";
    const buttons = [
      ["bi-zoom-out", "Smaller", () => zoomBy(1 / 1.4)],
      ["bi-aspect-ratio", "Fit", () => zoomTo(1)],
      ["bi-zoom-in", "Larger", () => zoomBy(1.4)],
    ];
    for (const [icon, name, act] of buttons) {
      const button = document.createElement("button");
      button.type = "button";
      button.title = name;
      button.setAttribute("aria-label", name);
      button.innerHTML = '<i class="bi ' + icon + '" aria-hidden="true"></i>';
      button.onclick = act;
      box.append(button);
    }
    return box;
  }

  function fit() {
    if (!view || !view.data || !view.stage.isConnected) return;
    const { clientWidth: width, clientHeight: height } = view.stage;
    const size = fitted(width, height, view.data.aspect);
    view.canvas.style.width = size.width + "px";
    view.canvas.style.height = size.height + "px";
  }

  function zoomTo(zoom) {
    view.zoom = Math.min(MOST_ZOOM, Math.max(1, zoom));
    if (view.zoom === 1) view.pan = [0, 0];
    const [x, y] = view.pan;
    view.canvas.style.transform = "translate(" + x + "px, " + y + "px) scale(" + view.zoom + ")";
    view.stage.classList.toggle("lb-zoomed", view.zoom > 1);
    // A single picture leaves the swipe to the page.
    view.stage.style.touchAction = view.zoom === 1 && view.data && view.data.slices === 1 ? "pan-y" : "none";
  }

  const zoomBy = (factor) => zoomTo(view.zoom * factor);

  // ---- drawing -----------------------------------------------------------------------------

  async function draw() {
    const mine = ++view.order;
    const drawn = view;
    const index = view.slice;
    const wanted = layersOf(view, index);
    label(index);
    const names = Object.keys(wanted).filter((name) => wanted[name]);
    await Promise.all(names.map((name) => load(wanted[name])));
    // While scrolling fast an older slice may still be shown, but never after a newer one.
    if (drawn !== view || mine < view.applied) return;
    view.applied = mine;
    for (const [name, image] of Object.entries(view.images)) {
      image.hidden = !wanted[name];
      if (wanted[name] && image.getAttribute("src") !== wanted[name]) image.src = wanted[name];
    }
    sketch(index);
    view.stage.dataset.shown = index;
    if (mine === view.order) ahead(index);
  }

  function ahead(index) {
    for (const next of neighbours(index, view.data.slices, view.forward)) {
      for (const url of Object.values(layersOf(view, next))) if (url) load(url);
    }
  }

  function label(index) {
    const { data, place, letters, stage } = view;
    place.textContent = data.slices > 1 ? "Slice " + (index + 1) + " of " + data.slices : "";
    letters.forEach((letter, side) => (letter.textContent = data.orientation ? data.orientation[side] : ""));
    stage.setAttribute("aria-label", (place.textContent || "Picture") + "; arrow keys change the slice");
    for (const link of document.querySelectorAll("[data-follows]")) {
      link.href =
        link.dataset.follows === "mask"
          ? data.base + "/download/mask" + query({ form: "png", index: index, layer: view.source })
          : data.base + "/download/overlay/" + index + ".png" + query({ layer: view.source });
    }
  }

  function shape(kind, look, values) {
    const made = document.createElementNS(SVG, kind);
    made.setAttribute("class", look);
    made.setAttribute("vector-effect", "non-scaling-stroke");
    for (const [name, value] of Object.entries(values)) made.setAttribute(name, value);
    return made;
  }

  function sketch(index) {
    const { data, svg, layers, source } = view;
    svg.setAttribute("viewBox", "0 0 " + data.width + " " + data.height);
    const { lesions } = data.sources[source] || { lesions: [] };
    svg.replaceChildren(...marks(lesions, index, layers).map(({ kind, look, at }) => shape(kind, look, at)));
  }

  // ---- moving ------------------------------------------------------------------------------

  function goTo(index) {
    if (!view || !view.data) return;
    const next = within(index, view.data.slices);
    if (next === view.slice) return;
    view.forward = next > view.slice;
    view.slice = next;
    draw();
    if (!view.telling) {
      view.telling = requestAnimationFrame(tellSlider);
    }
  }

  function tellSlider() {
    view.telling = null;
    view.pushed = [...view.pushed, view.slice + 1].slice(-30);
    window.dash_clientside.set_props("viewer-slice", { value: view.slice + 1 });
  }

  function listen(stage) {
    let rest = 0;
    stage.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        if (event.ctrlKey) return zoomBy(event.deltaY < 0 ? 1.15 : 1 / 1.15);
        const wheel = turned(rest, event.deltaY, event.deltaMode === 0);
        rest = wheel.rest;
        if (wheel.steps) goTo(view.slice + wheel.steps);
      },
      { passive: false }
    );
    let from = null;
    stage.addEventListener("pointerdown", (event) => {
      if (event.target.closest("button")) return;
      from = { x: event.clientX, y: event.clientY, slice: view.slice, pan: [...view.pan] };
      stage.setPointerCapture(event.pointerId);
    });
    stage.addEventListener("pointermove", (event) => {
      if (!from) return;
      const across = event.clientX - from.x;
      const down = event.clientY - from.y;
      if (view.zoom > 1) {
        view.pan = [from.pan[0] + across, from.pan[1] + down];
        zoomTo(view.zoom);
      } else {
        goTo(from.slice + Math.round(down / Math.max(4, stage.clientHeight / view.data.slices)));
      }
    });
    for (const kind of ["pointerup", "pointercancel"]) stage.addEventListener(kind, () => (from = null));
    stage.addEventListener("dblclick", () => zoomTo(view.zoom > 1 ? 1 : 2));
  }

  const KEYS = {
    ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity,
  };

  document.addEventListener("keydown", (event) => {
    if (!view || !view.stage.isConnected || !view.data || !(event.key in KEYS)) return;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const target = event.target;
    if (target !== document.body && target !== view.stage) return;
    event.preventDefault();
    goTo(view.slice + KEYS[event.key]);
  });

  document.addEventListener("click", (event) => {
    const jump = event.target.closest("[data-slice]");
    if (jump && view) goTo(Number(jump.dataset.slice));
  });

  // ---- what Dash calls ---------------------------------------------------------------------

  callbacks.drawViewer = function (data, slice, layers, opacity, window_, source) {
    const stage = document.getElementById("viewer-stage");
    if (!stage || !data) return;
    if (!view || view.stage !== stage) view = build(stage);
    const before = view.data;
    const fresh = !before || before.base !== data.base;
    const resultCame = !fresh && !Object.keys(before.sources).length && Object.keys(data.sources).length;
    view.data = data;
    view.layers = new Set(layers);
    view.source = source;
    for (const name of ["mask", "heatmap"]) view.images[name].style.opacity = opacity / 100;
    if (fresh) {
      fit();
      zoomTo(1);
    }
    if (fresh || resultCame) {
      view.seen = slice;
      view.slice = fresh ? data.start : view.slice;
      if (fresh) tellSlider();
      else goTo(data.start);
    } else if (slice !== view.seen) {
      view.seen = slice;
      const own = view.pushed.indexOf(slice);
      if (own >= 0) view.pushed.splice(0, own + 1);
      else {
        view.forward = slice - 1 > view.slice;
        view.slice = Math.min(data.slices, slice) - 1;
      }
    }
    useWindow(window_, fresh);
    draw();
  };

  function useWindow(chosen, atOnce) {
    const next = windowOf(chosen, view.data.window);
    if (atOnce || !view.window) {
      view.window = atOnce ? {} : next;
      return;
    }
    if (query(next) === query(view.window)) return;
    clearTimeout(view.windowTimer);
    view.windowTimer = setTimeout(() => {
      view.window = next;
      draw();
    }, WINDOW_DELAY_MS);
  }

  callbacks.usePreset = function (preset, data) {
    if (!data) return window.dash_clientside.no_update;
    const { low, high, min, max } = data.window;
    return preset === "full" ? [min, max] : [low, high];
  };

  // ---- a corrected mask --------------------------------------------------------------------

  function tell(sentence, wrong) {
    const place = document.getElementById("correct-message");
    if (!place) return;
    place.textContent = sentence;
    place.className = wrong ? "lb-upload-refusal" : "text-secondary";
  }

  async function correct(file) {
    const page = document.getElementById("scan-page");
    if (!file || !page) return;
    tell("Sending " + file.name, false);
    const form = new FormData();
    form.append("mask", file);
    form.append("labels", document.getElementById("correct-labels")?.value ?? "");
    form.append("empty", document.getElementById("correct-empty")?.checked ? "yes" : "no");
    const counts = document.querySelector("#scan-counts [data-result]")?.dataset;
    form.append("result", counts?.result ?? "");
    form.append("parent", counts?.review ?? "");
    const path = "/scans/" + encodeURIComponent(page.dataset.scan) + "/correction";
    try {
      const response = await fetch(path, { method: "POST", body: form, headers: { "X-CSRFToken": lightbox.csrf() } });
      if (!response.ok) return tell(await lightbox.sentence(response), true);
      const { review } = await response.json();
      tell("Your mask was kept.", false);
      window.dash_clientside.set_props("scan-refresh", { data: "corrected " + review });
    } catch {
      tell("The connection broke; try again.", true);
    }
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest("#choose-mask")) return;
    const field = document.createElement("input");
    field.type = "file";
    field.id = "mask-input";
    field.hidden = true;
    field.accept = ".nii,.gz,.png,.tif,.tiff";
    field.onchange = () => {
      correct(field.files[0]);
      field.remove();
    };
    document.getElementById("mask-input")?.remove();
    document.body.append(field);
    field.click();
  });
})(window.lightbox, window.dash_clientside.lightbox);

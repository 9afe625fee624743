/* Correcting a mask on a scan's page: brings viewer, panel, tools and session together. */

(function (lightbox, callbacks) {
  "use strict";

  const { editing } = lightbox;
  const SAMPLES = 20000; // voxels looked at for the range of values
  const COUNT_AFTER_MS = 400; // lesions are counted when the hand rests

  let about = null; // what Dash says of the scan
  let session = null;
  let counting = null;
  const spans = new WeakMap();
  const { panel } = editing;
  const { part } = panel;
  const settings = { radius: 4, removes: false, tolerance: 0.12, reach: 30, everywhere: true, low: null, high: null };

  const room = {
    settings,
    get session() {
      return session;
    },
    get about() {
      return about;
    },
    picture,
    span,
    say: panel.say,
    load,
    started,
    stopped,
    open,
    here,
    editable,
  };

  /** Whether the panel is on the page. */
  function here() {
    return Boolean(panel.host && panel.host.isConnected);
  }

  /** Whether a mask is being corrected. */
  function editable() {
    return here() && session !== null && session.open;
  }

  // ---- what the picture is -----------------------------------------------------------------

  /** The scan's voxels, or null while they are not all here. */
  function picture() {
    const { voxels, complete } = lightbox.viewer.current().volume;
    return complete === false ? null : voxels;
  }

  /** The range of the scan's values without the outermost hundredths. */
  function span() {
    const voxels = picture();
    if (!spans.has(voxels)) {
      const every = Math.max(1, Math.floor(voxels.length / SAMPLES));
      const values = voxels.filter((value, index) => index % every === 0 && Number.isFinite(value)).sort();
      spans.set(voxels, values[Math.floor(values.length * 0.99)] - values[Math.floor(values.length * 0.01)]);
    }
    return spans.get(voxels);
  }

  function grid() {
    const { slices, rows, columns, spacing } = lightbox.viewer.current().volume;
    return { slices, rows, columns, spacing };
  }

  function maskOf(layer, version) {
    const scan = "/scans/" + encodeURIComponent(about.scan);
    const path = layer === "drawn" ? "/unaided/mask.bin?v=" + version : "/mask.bin?layer=" + layer + "&v=" + version;
    return lightbox.volumes.fetchVoxels(scan + path);
  }

  /** The masks that one may start from, the first as a rule; who reads without the AI has none of others. */
  function bases() {
    if (about.unaided) return about.drawn ? ["drawn", "empty"] : ["empty"];
    return about.corrected ? ["corrected", "ai", "empty"] : ["ai", "empty"];
  }

  const versionOf = (base) => ({ ai: about.result, corrected: about.corrected, drawn: about.drawn })[base];

  /** Fetch what one may start from; false, and said, where it cannot be had. */
  async function load() {
    if (session.starts) return true;
    const starts = {};
    try {
      for (const base of bases()) {
        if (base !== "empty") starts[base] = await maskOf(base, versionOf(base));
      }
    } catch {
      panel.say("The mask could not be fetched; try again in a moment.", true);
      return false;
    }
    const { slices, rows, columns } = grid();
    session.starts = { ...starts, empty: new Uint8Array(slices * rows * columns) };
    session.aiVoxels = starts.ai ? starts.ai.reduce((sum, value) => sum + value, 0) : null;
    return true;
  }

  // ---- showing -----------------------------------------------------------------------------

  function showLayer(name, voxels, colour) {
    const shown = lightbox.shownViewer()?.drawn.get(name)?.voxels ?? null;
    if (shown !== voxels) lightbox.viewer.setLayer(name, voxels, { colour });
  }

  /** A stroke changes the voxels of the layer that is shown: it is only drawn anew. */
  function showMask() {
    showLayer("drawn", session.open ? session.mask.voxels : null, lightbox.layers.COLOURS.drawn);
    showLayer("beside", session.open && part("beside").checked ? (session.starts.ai ?? null) : null, lightbox.layers.COLOURS.ai);
    lightbox.viewer.redraw();
  }

  /** Let the viewer's own masks give way to the ones here, and come back. */
  function showSources() {
    const viewer = lightbox.shownViewer();
    viewer.covered = session.open;
    viewer.redraw();
  }

  function showSettings() {
    const unit = session.grid.spacing ? "mm" : "voxels";
    part("size").value = 2 * settings.radius;
    part("size-value").textContent = 2 * settings.radius + " " + unit;
    part("tolerance-value").textContent = "± " + Math.round(100 * settings.tolerance) + " %";
    part("reach-value").textContent = settings.reach + " " + unit;
    lightbox.viewer.redraw();
  }

  const volumeWords = (voxels) => {
    const { spacing } = session.grid;
    return spacing ? ((voxels * spacing[0] * spacing[1] * spacing[2]) / 1000).toFixed(2) + " mL" : voxels + " voxels";
  };

  function showSizes() {
    const beside = session.aiVoxels === null ? "" : "; the AI's mask " + volumeWords(session.aiVoxels);
    part("sizes").textContent = volumeWords(session.mask.count) + beside;
    clearTimeout(counting);
    counting = setTimeout(() => {
      if (!editable()) return;
      const lesions = editing.lesions.sizes(session.grid, session.mask.voxels).length;
      const words = lesions === 1 ? "1 lesion, " : lesions + " lesions, ";
      part("sizes").textContent = words + volumeWords(session.mask.count) + beside;
    }, COUNT_AFTER_MS);
  }

  function show() {
    if (!here()) return;
    const under = session.open;
    document.body.classList.toggle("lb-is-editing", under);
    document.body.style.setProperty("--lb-head", (document.querySelector(".lb-page-head")?.offsetHeight ?? 0) + "px");
    part("work").hidden = !under;
    part("begin").hidden = under;
    part("restart").hidden = !under;
    for (const name of ["undo", "redo", "interpolate", "save", "discard", "restart"]) {
      part(name).disabled = session.sending;
    }
    if (!under) return;
    part("undo").disabled ||= !session.mask.canUndo;
    part("redo").disabled ||= !session.mask.canRedo;
    part("save").disabled ||= session.unchanged;
    part("save").title = session.unchanged ? "Nothing was drawn yet; Accept says that the mask is right as it is" : "";
    part("time").textContent = session.clock.minutes + " min";
    if (session.fault) panel.say(session.fault, true);
    showSizes();
    showMask();
  }

  /** What was drawn without the AI and kept so far. */
  async function showKept() {
    const drawn = about.drawn ? await maskOf("drawn", about.drawn).catch(() => null) : null;
    if (here()) lightbox.viewer.setLayer("kept", drawn, { colour: lightbox.layers.COLOURS.drawn, outline: true, visible: true });
  }

  // ---- beginning and ending ----------------------------------------------------------------

  /** A correction has begun: the tools come. */
  function started() {
    for (const made of editing.tools.make(room)) lightbox.viewer.addTool(made);
    part("comment").value = session.comment;
    panel.offer("", []);
    panel.say("", false);
    showSettings();
    showSources();
    choose("brush");
    show();
  }

  /** It is over: saved, discarded, or another tab's. */
  function stopped() {
    for (const { name } of editing.tools.kinds) lightbox.viewer.removeTool(name);
    showSources();
    showMask();
    show();
  }

  function choose(name) {
    lightbox.viewer.chooseTool(name);
  }

  document.addEventListener("lightbox:tools", () => {
    if (!editable()) return;
    panel.showTool(lightbox.viewer.tool()?.name ?? null);
  });

  /** Show what there is of this scan: nothing begun, or a draft. */
  async function open() {
    panel.showBases(bases());
    part("beside-row").hidden = Boolean(about.unaided);
    panel.offer("", []);
    show();
    showKept();
    await editing.answers.draft(room);
  }

  callbacks.showEditing = function (data) {
    const host = document.getElementById("editing-room");
    const same = about && data && host === panel.host && editing.drafts.keyOf(about) === editing.drafts.keyOf(data);
    const reviewed = same && about.parent !== data.parent;
    about = data;
    if (same && session.mask) {
      if (reviewed && !session.sending) panel.say("This scan was reviewed meanwhile; Save will say by whom.", false);
      return;
    }
    if (session) close();
    document.body.classList.remove("lb-is-editing");
    if (data) whenShown(() => renew(host, same ? part("message").textContent : ""));
  };

  /** Leave a scan, or the mask that there was to correct; the draft stays. */
  function close() {
    session.close();
    if (session.open && here()) {
      session.mask = null;
      stopped();
    }
    session = null;
  }

  function renew(host, said) {
    editing.listKeys();
    panel.build(host, act, said);
    session = new editing.Session(about, grid(), null, { changed: show, lost: () => editing.answers.lost(room), here });
    open();
  }

  /** Call `then` as soon as the viewer shows the scan of the panel. */
  function whenShown(then) {
    const scan = about.scan;
    const look = () => {
      const shown = lightbox.viewer.current && lightbox.viewer.current();
      const gone = !about || about.scan !== scan; // somebody went on before it was shown
      if (!gone && shown?.scan !== scan) return;
      document.removeEventListener("lightbox:scan", look);
      if (!gone) then();
    };
    document.addEventListener("lightbox:scan", look);
    look();
  }

  // ---- what the controls do ----------------------------------------------------------------

  function size(diameter) {
    const { least, most, step } = panel.SIZES;
    settings.radius = Math.min(most, Math.max(least, Math.round(diameter / step) * step)) / 2;
    showSettings();
  }

  function turn(way, words) {
    const label = session[way]();
    panel.say(label === null ? "" : words + label + ".", false);
  }

  const act = {
    tool: choose,
    size,
    set: (changed) => {
      Object.assign(settings, changed);
      showSettings();
    },
    beside: showMask,
    undo: () => turn("undo", "Taken back: "),
    redo: () => turn("redo", "Done again: "),
    comment: (words) => session.say(words),
    restart: () => session.restart(part("base").value),
    begin: async () => {
      if (!(await load()) || (await editing.answers.draft(room))) return;
      if (await session.begin(part("base").value)) started();
      else editing.answers.elsewhere(room, null);
    },
    interpolate: () => {
      const { plane, planes } = lightbox.viewer.current();
      const axis = planes.find(({ name }) => name === plane).axes[0];
      const drawn = editing.interpolate.apply(session.mask, axis, session.starts[session.mask.base]);
      if (session.step("between slices")) panel.say(drawn + (drawn === 1 ? " slice" : " slices") + " drawn.", false);
      else panel.say("Edit the same lesion on two slices of this plane that have slices between them.", false);
    },
    save: () => editing.answers.save(room),
    discard: () => editing.answers.discard(room),
  };
  Object.assign(room, { act, size });
  editing.room = room;
})(window.lightbox, window.dash_clientside.lightbox);

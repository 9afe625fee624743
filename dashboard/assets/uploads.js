/* Sending scans: drop or choose files and folders, resumable over tus, with what became of each. */

(function (lightbox) {
  "use strict";

  const CHUNK = 8 * 1024 * 1024;
  const POLL_MS = 1500;
  const SHOWN_FOR_MS = 12 * 3600 * 1000;
  const SHOWN = 200;
  const DISMISSED_KEPT = 2000;
  const DISMISSED = "lightbox-dismissed";

  const { settled, phaseOf, open } = lightbox.uploadStates;
  const { draw, showShare } = lightbox.uploadView;
  const { filesOf, chosen, sorted, zipped, fingerprintOf, packName, tooMuch } = lightbox.packing;
  const { volumes } = lightbox.numberedPictures;
  const { nameless } = lightbox.uploadStorage;
  const items = new Map(); // fingerprint or server id -> item
  let polling = false;

  // ---- sending -----------------------------------------------------------------------------

  async function add(dropped) {
    if (!dropped.length) return;
    const { packed, single, empty } = await sorted(dropped);
    if (!packed.length && !single.length) {
      say(empty ? "There is nothing in what you dropped." : "No file was found.");
      return;
    }
    const { groups, rest } = await volumes(single);
    for (const lone of rest) begin([lone], lone.file.name, false, false);
    if (packed.length) begin(packed, packName(packed), true, false);
    for (const group of groups) await ask(group);
  }

  /** Numbered pictures may be the slices of one volume: only the person knows. */
  async function ask({ files, zip, count }) {
    const key = (await fingerprintOf(files)) + "-asking";
    const name = zip ? files[0].file.name : packName(files);
    const total = files.reduce((sum, part) => sum + part.file.size, 0);
    const item = { key: key, name: name, size: total, phase: "asking", files: files, zip: zip, at: Date.now(), scans: [], refusals: [] };
    item.question = count + " numbered pictures: are they the slices of one volume?";
    items.set(key, item);
    render();
  }

  function answer(item, asVolume) {
    items.delete(item.key);
    if (asVolume || item.zip) begin(item.files, item.name, !item.zip, asVolume);
    else for (const lone of item.files) begin([lone], lone.file.name, false, false);
    render();
  }

  async function begin(files, name, pack, asVolume) {
    const key = (await fingerprintOf(files)) + (asVolume ? "-volume" : "");
    const there = items.get(key);
    if (there && ["packing", "sending", "waiting"].includes(there.phase)) {
      there.note = "This is on its way already.";
      render();
      return;
    }
    const total = files.reduce((sum, part) => sum + part.file.size, 0);
    const item = { key: key, name: name, size: total, phase: pack ? "packing" : "sending", asVolume: asVolume };
    Object.assign(item, { share: 0, files: files.length, at: Date.now(), scans: [], refusals: [] });
    items.set(key, item);
    render();
    if (pack && tooMuch(files)) {
      fail(item, "This is more than one upload can hold; drop it in smaller parts, such as one study at a time.");
      return;
    }
    try {
      const progress = (share) => advance(item, share);
      const body = pack ? await zipped(files, progress, () => item.phase === "cancelled") : files[0].file;
      if (body) send(item, body);
    } catch {
      fail(item, "A file could not be read from your disk.");
    }
  }

  function send(item, body) {
    item.phase = "sending";
    item.share = 0;
    item.size = body.size;
    item.upload = new tus.Upload(body, {
      endpoint: "/uploads",
      chunkSize: CHUNK,
      retryDelays: [0, 1000, 3000, 5000, 10000, 20000, 30000],
      metadata: { filename: item.name, as_volume: String(item.asVolume) },
      fingerprint: () => Promise.resolve(item.key),
      urlStorage: nameless(tus.defaultOptions.urlStorage),
      removeFingerprintOnSuccess: true,
      onBeforeRequest: (request) => request.setHeader("X-CSRFToken", lightbox.csrf()),
      onShouldRetry: (error) => {
        const status = error.originalResponse ? error.originalResponse.getStatus() : 0;
        return status === 0 || status === 409 || status === 423 || status === 429 || status >= 500;
      },
      onUploadUrlAvailable: () => {
        // Cancelled while the server was being asked for a place: only now can it be told.
        if (item.phase === "cancelled") item.upload.abort(true).catch(() => undefined);
      },
      onProgress: (sent, all) => advance(item, sent / all),
      onError: (error) => refused(item, error),
      onSuccess: () => {
        item.share = 1;
        item.id = idOf(item.upload.url);
        item.phase = "waiting";
        render();
        poll();
      },
    });
    item.upload.findPreviousUploads().then((previous) => {
      const same = previous.filter((upload) => upload.size === body.size);
      if (same.length) item.upload.resumeFromPreviousUpload(same[0]);
      if (item.phase === "sending") item.upload.start();
    });
    render();
  }

  function refused(item, error) {
    const response = error.originalResponse;
    if (response && response.getStatus() === 401) return lightbox.signedOut();
    let sentence = "The connection broke; drop the same files again and it goes on where it stopped.";
    if (response) {
      try {
        sentence = JSON.parse(response.getBody()).error.message;
      } catch {
        sentence = "The upload was not accepted.";
      }
    }
    fail(item, sentence);
  }

  function fail(item, sentence) {
    item.phase = "failed";
    item.failure = sentence;
    render();
  }

  function advance(item, share) {
    item.share = share;
    const bar = document.querySelector('[data-upload="' + item.key + '"] .progress-bar');
    if (bar) showShare(bar, share);
  }

  const idOf = (url) => url.replace(/\/+$/, "").split("/").pop();

  /** It is with the server: end what waits there, and see what became of it. */
  async function cancelThere(item) {
    const response = await lightbox.post("/uploads/" + item.id + "/cancel");
    if (!response.ok) return say((await lightbox.fault(response)).sentence);
    if (item.phase === "waiting" && (await response.json()).cancelled) items.delete(item.key);
    await poll();
    render();
  }

  async function cancel(item) {
    if (item.phase === "waiting" || item.phase === "done") return cancelThere(item);
    item.phase = "cancelled";
    items.delete(item.key);
    render();
    if (item.upload && !item.upload.url) return; // the server's answer, if any, ends it: see send()
    if (item.upload) {
      try {
        await item.upload.abort(true);
      } catch {
        // It was not known to the server yet.
      }
    } else if (item.id) {
      await fetch("/uploads/" + item.id, {
        method: "DELETE",
        headers: { "X-CSRFToken": lightbox.csrf(), "Tus-Resumable": "1.0.0" },
      });
    }
  }

  // ---- what became of it -------------------------------------------------------------------

  function dismissed() {
    try {
      return new Set(JSON.parse(localStorage.getItem(DISMISSED) || "[]"));
    } catch {
      return new Set();
    }
  }

  /** Clear whatever is finished, also what is not on the screen; other tabs clear it too. */
  function dismiss() {
    const finished = [...items.values()].filter(settled);
    const ids = [...dismissed(), ...finished.map(serverId).filter(Boolean)].slice(-DISMISSED_KEPT);
    localStorage.setItem(DISMISSED, JSON.stringify(ids));
    for (const item of finished) items.delete(item.key);
    render();
  }

  window.addEventListener("storage", (event) => {
    if (event.key !== DISMISSED) return;
    const away = dismissed();
    for (const item of [...items.values()]) if (settled(item) && away.has(serverId(item))) items.delete(item.key);
    render();
  });

  function serverId(item) {
    return item.id || (item.upload && item.upload.url ? idOf(item.upload.url) : null);
  }

  function merge(uploads) {
    const away = dismissed();
    for (const remote of uploads) {
      if (away.has(remote.id) || Date.now() - Date.parse(remote.created_at) > SHOWN_FOR_MS) continue;
      const local = [...items.values()].find((item) => serverId(item) === remote.id);
      if (local && ["packing", "sending", "cancelled"].includes(local.phase)) continue;
      const item = local || { key: remote.id, files: 1, at: Date.parse(remote.created_at) };
      Object.assign(item, { id: remote.id, name: remote.name, size: remote.size, scans: remote.scans, refusals: remote.refusals, queue: remote.queue, starting: remote.starting });
      item.share = remote.size ? remote.offset / remote.size : 1;
      item.failure = remote.failure || item.failure;
      item.phase = phaseOf(remote);
      items.set(item.key, item);
    }
  }

  async function poll() {
    if (polling || !document.getElementById("uploads")) return;
    polling = true;
    try {
      merge(await lightbox.getJson("/uploads"));
      render();
    } catch {
      // Asked again below.
    }
    polling = false;
    if ([...items.values()].some(open)) setTimeout(poll, POLL_MS);
  }

  // ---- the list ----------------------------------------------------------------------------

  function render() {
    const list = document.getElementById("uploads");
    if (list) draw(list, [...items.values()].sort((a, b) => b.at - a.at).slice(0, SHOWN), { cancel, answer, dismiss });
  }

  function say(sentence) {
    window.dash_clientside.set_props("alert", { children: sentence, is_open: true });
  }

  // ---- the page comes and goes, so everything listens at the document ----------------------

  function input(folder) {
    const field = document.createElement("input");
    field.type = "file";
    field.multiple = true;
    field.hidden = true;
    field.id = folder ? "folder-input" : "file-input";
    if (folder) field.webkitdirectory = true;
    field.onchange = () => {
      add(chosen(field.files));
      field.value = "";
    };
    document.body.append(field);
    return field;
  }

  const zone = () => document.getElementById("drop-zone");
  const carriesFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");

  document.addEventListener("dragover", (event) => {
    if (!zone() || !carriesFiles(event)) return;
    event.preventDefault();
    zone().classList.add("lb-drop-over");
  });
  document.addEventListener("dragleave", (event) => {
    if (zone() && !event.relatedTarget) zone().classList.remove("lb-drop-over");
  });
  document.addEventListener("drop", async (event) => {
    if (!zone() || !carriesFiles(event)) return;
    event.preventDefault();
    zone().classList.remove("lb-drop-over");
    add(await filesOf(event.dataTransfer));
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("#choose-files, #choose-folder");
    if (button) (button.id === "choose-folder" ? folderInput : fileInput).click();
  });
  window.addEventListener("beforeunload", (event) => {
    if ([...items.values()].some((item) => item.phase === "packing" || item.phase === "sending")) event.preventDefault();
  });

  const fileInput = input(false);
  const folderInput = input(true);
  let seen = null;
  new MutationObserver(() => {
    const list = document.getElementById("uploads");
    if (list === seen) return;
    seen = list;
    if (list) {
      render();
      poll();
    }
  }).observe(document.body, { childList: true, subtree: true });
})(window.lightbox);

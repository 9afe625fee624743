/* Sending scans: drop or choose files and folders, resumable over tus, with what became of each. */

(function (lightbox) {
  "use strict";

  const CHUNK = 8 * 1024 * 1024;
  const POLL_MS = 1500;
  const SHOWN_FOR_MS = 12 * 3600 * 1000;
  const SHOWN = 12;
  const DISMISSED = "lightbox-dismissed";

  const { settled, size, stateWords, phaseOf, open } = lightbox.uploadStates;
  const { filesOf, chosen, sorted, slices, zipped, fingerprintOf, packName, tooMuch } = lightbox.packing;
  const items = new Map(); // fingerprint or server id -> item
  let polling = false;

  // ---- sending -----------------------------------------------------------------------------

  async function add(dropped) {
    if (!dropped.length) return;
    const asVolume = takeVolumeChoice();
    const { packed, single, empty } = asVolume ? slices(dropped) : await sorted(dropped);
    if (!packed.length && !single.length) {
      say(empty ? "There is nothing in what you dropped." : "No file was found.");
      return;
    }
    for (const lone of single) begin([lone], lone.file.name, false, asVolume);
    if (packed.length) begin(packed, packName(packed), true, asVolume);
  }

  /** Whether what comes now are the slices of one volume; said anew of each drop. */
  function takeVolumeChoice() {
    const box = document.getElementById("as-volume");
    const ticked = Boolean(box && box.checked);
    if (ticked) window.dash_clientside.set_props("as-volume", { value: false });
    return ticked;
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

  function showShare(bar, share) {
    const percent = Math.round(share * 100);
    bar.style.width = percent + "%";
    bar.parentNode.setAttribute("aria-valuenow", percent);
  }

  const idOf = (url) => url.replace(/\/+$/, "").split("/").pop();

  async function cancel(item) {
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

  function dismiss(finished) {
    const ids = [...dismissed(), ...finished.map((item) => item.id).filter(Boolean)].slice(-200);
    localStorage.setItem(DISMISSED, JSON.stringify(ids));
    for (const item of finished) items.delete(item.key);
    render();
  }

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
      Object.assign(item, { id: remote.id, name: remote.name, size: remote.size, scans: remote.scans, refusals: remote.refusals, inAll: remote.scans_in_all });
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

  function make(tag, look, text) {
    const made = document.createElement(tag);
    if (look) made.className = look;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function row(item) {
    const box = make("div", "lb-upload lb-upload-" + item.phase);
    box.dataset.upload = item.key;
    const head = make("div", "lb-upload-head");
    head.append(make("span", "lb-upload-name", item.name), make("span", "lb-upload-size", size(item.size)));
    head.append(make("span", "lb-upload-state", stateWords(item)));
    if (["packing", "sending", "interrupted"].includes(item.phase)) {
      const button = make("button", "btn btn-sm btn-link", "Cancel");
      button.type = "button";
      button.setAttribute("aria-label", "Cancel " + item.name);
      button.onclick = () => cancel(item);
      head.append(button);
    }
    box.append(head);
    if (item.phase === "packing" || item.phase === "sending") box.append(progressBar(item));
    if (item.note) box.append(make("div", "lb-upload-note", item.note));
    if (item.failure) box.append(make("div", "lb-upload-refusal", item.failure));
    box.append(...(item.refusals || []).slice(0, 6).map(refusal));
    if ((item.refusals || []).length > 6) {
      box.append(make("div", "lb-upload-refusal", "and " + (item.refusals.length - 6) + " more"));
    }
    box.append(scans(item));
    return box;
  }

  function progressBar(item) {
    const frame = make("div", "progress lb-upload-bar");
    frame.setAttribute("role", "progressbar");
    frame.setAttribute("aria-label", item.name);
    const inner = make("div", "progress-bar");
    frame.append(inner);
    showShare(inner, item.share);
    return frame;
  }

  function refusal({ name, sentence }) {
    return make("div", "lb-upload-refusal", name ? name + ": " + sentence : sentence);
  }

  function scans(item) {
    const links = make("div", "lb-upload-scans");
    for (const scan of item.scans || []) {
      const link = make("a", "lb-upload-scan lb-status-" + scan.status, scan.label);
      link.href = "/scans/" + scan.id;
      link.append(make("small", "", scan.known ? "was here already" : scan.status));
      links.append(link);
    }
    const more = (item.inAll || 0) - (item.scans || []).length;
    if (more > 0) links.append(make("span", "text-secondary", "and " + more + " more"));
    return links;
  }

  function render() {
    const list = document.getElementById("uploads");
    if (!list) return;
    const all = [...items.values()].sort((a, b) => b.at - a.at).slice(0, SHOWN);
    list.replaceChildren(...all.map(row));
    const finished = all.filter(settled);
    if (finished.length) {
      const clear = make("button", "btn btn-sm btn-link lb-upload-clear", "Clear the finished");
      clear.type = "button";
      clear.onclick = () => dismiss(finished);
      list.append(clear);
    }
  }

  function say(sentence) {
    window.dash_clientside.set_props("alert", { children: sentence, is_open: true });
  }

  // ---- the page comes and goes, so everything listens at the document ----------------------

  function input(folder) {
    const field = make("input");
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

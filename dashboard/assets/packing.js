/* What was dropped or chosen, and how it is packed for sending.

   All DICOM files of a drop (and Analyze .hdr/.img pairs) go as one uncompressed zip, because a
   series is many files; every other file goes by itself. Pictures that are said to be the slices of one
   volume go as one zip too. */

(function (lightbox) {
  "use strict";

  const READ = 4 * 1024 * 1024;
  const BLOB_EVERY = 32 * 1024 * 1024; // parts are handed to the browser's blob store, off our heap
  const ZIP_LIMIT = 0xffffffff - 64 * 1024 * 1024; // without zip64
  const ZIP_FILES = 65000;

  // ---- what was dropped --------------------------------------------------------------------

  async function filesOf(transfer) {
    const entries = [...transfer.items]
      .filter((item) => item.kind === "file")
      .map((item) => (item.webkitGetAsEntry ? item.webkitGetAsEntry() : null));
    if (!entries.length || entries.some((entry) => !entry)) {
      return [...transfer.files].map((file) => ({ file: file, path: file.name }));
    }
    return (await Promise.all(entries.map((entry) => walk(entry, "")))).flat();
  }

  async function walk(entry, folder) {
    const path = folder + entry.name;
    if (entry.isFile) {
      const file = await new Promise((done, failed) => entry.file(done, failed));
      return [{ file: file, path: path }];
    }
    const inside = [];
    const reader = entry.createReader();
    for (;;) {
      // A reader answers in portions; an empty one is the end.
      const portion = await new Promise((done, failed) => reader.readEntries(done, failed));
      if (!portion.length) break;
      for (const child of portion) inside.push(...(await walk(child, path + "/")));
    }
    return inside;
  }

  function chosen(list) {
    return [...list].map((file) => ({ file: file, path: file.webkitRelativePath || file.name }));
  }

  const hidden = (path) => /(^|\/)(\.|__MACOSX|Thumbs\.db$|desktop\.ini$)/i.test(path);
  const ending = (path) => (/\.([^./]+)$/.exec(path.toLowerCase()) || ["", ""])[1];
  const stem = (path) => path.toLowerCase().replace(/\.[^./]+$/, "");

  async function isDicom(item) {
    const kind = ending(item.path);
    if (kind === "dcm" || kind === "ima" || kind === "") return true;
    const magic = await item.file.slice(128, 132).text();
    return magic === "DICM";
  }

  async function sorted(dropped) {
    const files = dropped.filter((item) => !hidden(item.path) && item.file.size > 0);
    const stems = new Map();
    for (const item of files) {
      const kind = ending(item.path);
      if (kind === "hdr" || kind === "img") stems.set(stem(item.path), (stems.get(stem(item.path)) || 0) + 1);
    }
    const packed = [];
    const single = [];
    for (const item of files) {
      const kind = ending(item.path);
      const paired = (kind === "hdr" || kind === "img") && stems.get(stem(item.path)) === 2;
      (paired || (await isDicom(item)) ? packed : single).push(item);
    }
    if (packed.length === 1) single.push(packed.pop());
    packed.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
    return { packed: packed, single: single, empty: dropped.length - files.length };
  }

  // ---- one uncompressed zip ----------------------------------------------------------------

  async function zipped(files, onProgress, cancelled) {
    const blobs = [];
    let parts = [];
    let held = 0;
    let failure = null;
    const zip = new fflate.Zip((error, chunk) => {
      if (error) failure = error;
      else {
        parts.push(chunk);
        held += chunk.length;
      }
    });
    const settle = () => {
      blobs.push(new Blob(parts));
      parts = [];
      held = 0;
    };
    const total = files.reduce((sum, item) => sum + item.file.size, 0);
    let done = 0;
    for (const item of files) {
      const entry = new fflate.ZipPassThrough(item.path);
      entry.mtime = new Date(1990, 0, 1); // the same drop gives the same bytes, so it can be resumed
      zip.add(entry);
      if (item.file.size === 0) entry.push(new Uint8Array(0), true);
      for (let at = 0; at < item.file.size; at += READ) {
        if (cancelled()) return null;
        const piece = new Uint8Array(await item.file.slice(at, at + READ).arrayBuffer());
        entry.push(piece, at + piece.length >= item.file.size);
        done += piece.length;
        if (held >= BLOB_EVERY) settle();
        onProgress(done / total);
      }
      if (failure) throw failure;
    }
    zip.end();
    settle();
    return new Blob(blobs, { type: "application/zip" });
  }

  async function fingerprintOf(files) {
    const words = files.map((item) => [item.path, item.file.size, item.file.lastModified].join("\u0000")).join("\n");
    let hash = 0xcbf29ce484222325n;
    for (const byte of new TextEncoder().encode(words)) {
      hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
    }
    const total = files.reduce((sum, item) => sum + item.file.size, 0);
    return ["lightbox", files.length, total, hash.toString(16)].join("-");
  }

  function packName(files) {
    const tops = new Set(files.map((item) => item.path.split("/")[0]));
    const top = tops.size === 1 ? [...tops][0].replace(/\.[^.]*$/, "") : "";
    return (top || files.length + " files") + ".zip";
  }

  /** Whether a zip cannot hold these files. */
  function tooMuch(files) {
    return files.length > ZIP_FILES || files.reduce((sum, item) => sum + item.file.size, 0) > ZIP_LIMIT;
  }

  lightbox.packing = { filesOf, chosen, hidden, sorted, zipped, fingerprintOf, packName, tooMuch };
})(window.lightbox);

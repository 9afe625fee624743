/* Which of the files that were dropped look like the slices of one volume: pictures of one folder, or of a zip,
   whose names differ in one number. The server decides by the same rule (data/formats/pictures/numbering.py);
   here it is only whether to ask. */

(function (lightbox) {
  "use strict";

  const PICTURES = new Set(["png", "jpg", "jpeg", "tif", "tiff", "webp", "bmp"]);
  const LEAST = 3; // two films with numbers are two films
  const END = 22; // bytes of a zip's last record without its comment
  const COMMENT = 0xffff;
  const HEADER = 46; // bytes of a file's entry in a zip's directory without its name

  const ending = (path) => (/\.([^./]+)$/.exec(path.toLowerCase()) || ["", ""])[1];
  const folder = (path) => path.split("/").slice(0, -1).join("/");
  const stem = (path) => path.split("/").pop().toLowerCase().replace(/\.[^.]+$/, "");

  /** Whether these names are the same but for one number, which is another one in each. */
  function numbered(paths) {
    if (paths.length < LEAST || new Set(paths.map(folder)).size > 1) return false;
    const pieces = paths.map((path) => stem(path).split(/([0-9]+)/));
    const words = new Set(pieces.map((runs) => runs.filter((_, index) => index % 2 === 0).join("\u0000")));
    if (words.size > 1 || pieces[0].length === 1) return false;
    const columns = pieces[0].map((_, index) => new Set(pieces.map((runs) => Number(runs[index])))).filter((_, index) => index % 2);
    const changing = columns.filter((values) => values.size > 1);
    return changing.length === 1 && changing[0].size === paths.length;
  }

  /** The names in a zip, from its directory; none where it is no zip that can be read so. */
  async function namesIn(file) {
    const tail = new DataView(await file.slice(Math.max(0, file.size - END - COMMENT)).arrayBuffer());
    let end = tail.byteLength - END;
    while (end >= 0 && tail.getUint32(end, true) !== 0x06054b50) end -= 1;
    if (end < 0) return [];
    const [count, size, start] = [tail.getUint16(end + 10, true), tail.getUint32(end + 12, true), tail.getUint32(end + 16, true)];
    const directory = new DataView(await file.slice(start, start + size).arrayBuffer());
    const names = [];
    for (let at = 0; names.length < count && at + HEADER <= directory.byteLength && directory.getUint32(at, true) === 0x02014b50; ) {
      const [name, extra, comment] = [28, 30, 32].map((offset) => directory.getUint16(at + offset, true));
      names.push(new TextDecoder().decode(new Uint8Array(directory.buffer, at + HEADER, Math.min(name, directory.byteLength - at - HEADER))));
      at += HEADER + name + extra + comment;
    }
    return names;
  }

  /** Files apart into `groups` that may each be one volume ({ files, zip, count }) and the `rest`. */
  async function volumes(files) {
    const groups = [];
    const rest = [];
    const folders = new Map();
    for (const item of files) {
      const kind = ending(item.path);
      if (kind === "zip") {
        const inside = (await namesIn(item.file)).filter((name) => !name.endsWith("/") && !lightbox.packing.hidden(name));
        const pictures = inside.every((name) => PICTURES.has(ending(name)));
        if (pictures && numbered(inside)) groups.push({ files: [item], zip: true, count: inside.length });
        else rest.push(item);
      } else if (PICTURES.has(kind)) {
        const place = folder(item.path);
        folders.set(place, [...(folders.get(place) || []), item]);
      } else rest.push(item);
    }
    for (const pictures of folders.values()) {
      if (numbered(pictures.map((item) => item.path))) groups.push({ files: pictures, zip: false, count: pictures.length });
      else rest.push(...pictures);
    }
    return { groups: groups, rest: rest };
  }

  lightbox.numberedPictures = { numbered, volumes };
})(window.lightbox);

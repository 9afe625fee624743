import assert from "node:assert/strict";
import { createRequire } from "node:module";
import test from "node:test";

import { page, plain } from "./load.mjs";

const { unzipSync } = createRequire(import.meta.url)("fflate");
const { packing, uploadStates, numberedPictures } = page(["numbered_pictures.js", "packing.js", "upload_states.js"], { TextDecoder }).lightbox;

const bytes = (text) => new TextEncoder().encode(text);
const dicom = new Uint8Array([...new Uint8Array(128), ...bytes("DICM rest")]);
const dropped = (path, content = "x", lastModified = 1) => ({ file: new File([content], path.split("/").pop(), { lastModified }), path });
const paths = (files) => Array.from(files, (item) => item.path);

test("DICOM files go as one zip, every other file by itself", async () => {
  const files = [dropped("s/2.dcm"), dropped("s/1.dcm"), dropped("s/IM0001"), dropped("s/odd.bin", dicom), dropped("film.png"), dropped("head.nii.gz")];
  const { packed, single, empty } = await packing.sorted(files);
  assert.deepEqual(paths(packed), ["s/1.dcm", "s/2.dcm", "s/IM0001", "s/odd.bin"]);
  assert.deepEqual(paths(single), ["film.png", "head.nii.gz"]);
  assert.equal(empty, 0);
});

test("a lone DICOM file needs no zip", async () => {
  const { packed, single } = await packing.sorted([dropped("one.dcm"), dropped("a.png")]);
  assert.deepEqual([paths(packed), paths(single)], [[], ["a.png", "one.dcm"]]);
});

test("a header and its image stay together, alone they are files like others", async () => {
  const both = await packing.sorted([dropped("brain.hdr"), dropped("brain.img")]);
  assert.deepEqual(paths(both.packed), ["brain.hdr", "brain.img"]);
  const apart = await packing.sorted([dropped("brain.hdr"), dropped("other.img"), dropped("a.png")]);
  assert.deepEqual(paths(apart.packed), []);
});

test("what systems leave in folders, and empty files, are not sent", async () => {
  const files = [".DS_Store", "a/.git/x", "__MACOSX/a.dcm", "a/Thumbs.db", "desktop.ini"].map((path) => dropped(path));
  const { packed, single, empty } = await packing.sorted([...files, dropped("a/empty.dcm", ""), dropped("a/b.png")]);
  assert.deepEqual([paths(packed), paths(single), empty], [[], ["a/b.png"], 6]);
});

test("numbered pictures of one folder, or of a zip, may be one volume", async () => {
  const { numbered, volumes } = numberedPictures;
  assert.equal(numbered(["h/s1.png", "h/s2.png", "h/s10.png"]), true);
  assert.equal(numbered(["h/e1_s1.png", "h/e1_s2.png", "h/e1_s3.png"]), true);
  for (const others of [["s1.png", "s2.png"], ["a1.png", "b2.png", "c3.png"], ["e1_s1.png", "e2_s2.png", "e3_s3.png"], ["a.png", "b.png", "c.png"], ["a/1.png", "b/2.png", "c/3.png"], ["1.png", "01.png", "2.png"]]) {
    assert.equal(numbered(others), false, others);
  }
  const series = [1, 2, 3].map((number) => dropped(`head/s${number}.PNG`));
  const zip = await packing.zipped([...series, dropped("head/.DS_Store")], () => {}, () => false);
  const packed = { file: new File([zip], "head.zip"), path: "head.zip" };
  const other = { file: new File(["no zip at all"], "odd.zip"), path: "odd.zip" };
  const { groups, rest } = await volumes([...series, dropped("film.jpg"), dropped("a.nii"), packed, other]);
  assert.deepEqual(plain(groups.map(({ files, zip: zipped, count }) => [paths(files), zipped, count])), [[["head.zip"], true, 3], [["head/s1.PNG", "head/s2.PNG", "head/s3.PNG"], false, 3]]);
  assert.deepEqual(paths(rest), ["a.nii", "odd.zip", "film.jpg"]);
});

test("an empty file stays in a zip", async () => {
  const zip = await packing.zipped([dropped("s/1.png"), dropped("s/2.png", "")], () => {}, () => false);
  const inside = unzipSync(new Uint8Array(await zip.arrayBuffer()));
  assert.deepEqual([inside["s/1.png"].length, inside["s/2.png"].length], [1, 0]);
});

test("a zip holds the files as they are, and the same drop gives the same bytes", async () => {
  const files = [dropped("s/1.dcm", "first"), dropped("s/2.dcm", "second", 99)];
  const shares = [];
  const pack = async () => new Uint8Array(await (await packing.zipped(files, (share) => shares.push(share), () => false)).arrayBuffer());
  const zip = await pack();
  const inside = unzipSync(zip);
  assert.deepEqual(Object.keys(inside), ["s/1.dcm", "s/2.dcm"]);
  assert.equal(new TextDecoder().decode(inside["s/2.dcm"]), "second");
  assert.equal(shares.at(-1), 1);
  assert.deepEqual(await pack(), zip);
});

test("packing ends when the upload is cancelled", async () => {
  assert.equal(await packing.zipped([dropped("s/1.dcm")], () => {}, () => true), null);
});

test("the same files are known again, changed ones are not", async () => {
  const known = await packing.fingerprintOf([dropped("a.dcm", "one"), dropped("b.dcm")]);
  assert.equal(await packing.fingerprintOf([dropped("a.dcm", "one"), dropped("b.dcm")]), known);
  for (const other of [[dropped("a.dcm", "longer"), dropped("b.dcm")], [dropped("a.dcm", "one", 2), dropped("b.dcm")], [dropped("a.dcm", "one"), dropped("c.dcm")]]) {
    assert.notEqual(await packing.fingerprintOf(other), known);
  }
});

test("a zip is called after the folder, or after how much it holds", () => {
  assert.equal(packing.packName([dropped("study.1/a.dcm"), dropped("study.1/b.dcm")]), "study.zip");
  assert.equal(packing.packName([dropped("a/1.dcm"), dropped("b/1.dcm")]), "2 files.zip");
});

test("more than a zip can hold is not packed", () => {
  const file = (size) => ({ file: { size }, path: "a" });
  const most = 0xffffffff - 64 * 1024 * 1024;
  assert.equal(packing.tooMuch([file(most)]), false);
  assert.equal(packing.tooMuch([file(most), file(1)]), true);
  assert.equal(packing.tooMuch(Array.from({ length: 65000 }, () => file(0))), false);
  assert.equal(packing.tooMuch(Array.from({ length: 65001 }, () => file(0))), true);
});

const item = (phase, scans = [], more = {}) => ({ phase, scans: scans.map((status) => ({ status })), refusals: [], ...more });

test("an upload is settled when nothing more will happen by itself", () => {
  const { settled } = uploadStates;
  for (const phase of ["packing", "sending", "waiting", "opening"]) assert.equal(settled(item(phase)), false);
  for (const phase of ["failed", "interrupted", "done"]) assert.equal(settled(item(phase)), true);
  assert.equal(settled(item("done", ["read", "failed"])), true);
  assert.equal(settled(item("done", ["read", "reading"])), false);
});

test("the server is asked about what it has and has not finished", () => {
  const { open } = uploadStates;
  assert.deepEqual(["packing", "sending", "waiting", "opening", "failed"].map((phase) => open(item(phase))), [false, false, true, true, false]);
});

test("what arrived in part was interrupted, what arrived whole waits", () => {
  const { phaseOf } = uploadStates;
  assert.equal(phaseOf({ state: "arriving", offset: 5, size: 10 }), "interrupted");
  assert.equal(phaseOf({ state: "arriving", offset: 10, size: 10 }), "waiting");
  assert.deepEqual(["queued", "opening", "done", "failed"].map((state) => phaseOf({ state })), ["waiting", "opening", "done", "failed"]);
});

test("states are said in words", () => {
  const { stateWords } = uploadStates;
  assert.equal(stateWords(item("packing", [], { files: 24 })), "packing 24 files");
  assert.match(stateWords(item("interrupted", [], { share: 0.254 })), /^interrupted at 25 %/);
  assert.equal(stateWords(item("waiting")), "opening");
  assert.match(stateWords(item("waiting", [], { starting: true })), /^kept; Lightbox is starting/);
  assert.equal(stateWords(item("done")), "no scan found");
  assert.equal(stateWords(item("done", [], { refusals: [{}] })), "refused");
  assert.equal(stateWords(item("done", ["read", "waiting"])), "reading");
  assert.equal(stateWords(item("done", ["read"])), "done");
});

test("outcomes are counted, and the place in the queue is told only where it is known", () => {
  const { countWords, summaryWords, stateWords } = uploadStates;
  const batch = item("done", ["read", "read", "failed", "waiting"], { refusals: [{}, {}], queue: "place 4 of 9 in the queue, about 3 minutes" });
  batch.scans.push({ status: "read", known: true });
  assert.equal(countWords(batch), "2 read, 1 being read, 1 here already, 2 refused, 1 failed");
  assert.equal(stateWords(batch), "place 4 of 9 in the queue, about 3 minutes");
  assert.equal(stateWords({ ...batch, queue: null }), "reading");
  assert.equal(summaryWords([batch, item("failed"), item("done", ["read"])]), "3 uploads, 1 on their way, 3 read, 1 being read, 1 here already, 2 refused, 1 failed, 1 not accepted or interrupted");
});

test("sizes have the unit that fits", () => {
  assert.deepEqual([1, 1499, 2_500_000, 3_250_000_000].map(uploadStates.size), ["1 kB", "1 kB", "2.5 MB", "3.25 GB"]);
});

test("a dropped folder is read to its end, whatever portions it comes in", async () => {
  const file = (name) => ({ isFile: true, name, file: (done) => done(new File(["x"], name)) });
  const portions = [[file("1.dcm"), file("2.dcm")], [file("3.dcm")], []];
  const folder = { isFile: false, name: "study", createReader: () => ({ readEntries: (done) => done(portions.shift()) }) };
  const transfer = { items: [{ kind: "file", webkitGetAsEntry: () => folder }], files: [] };
  assert.deepEqual(plain(paths(await packing.filesOf(transfer))), ["study/1.dcm", "study/2.dcm", "study/3.dcm"]);
});

test("the browser keeps where an upload goes on, and no name of its file", async () => {
  const { nameless } = page(["upload_storage.js"]).lightbox.uploadStorage;
  const kept = new Map();
  const storage = nameless({
    addUpload: async (fingerprint, upload) => void kept.set(fingerprint, upload),
    findUploadsByFingerprint: async (fingerprint) => [kept.get(fingerprint)],
    findAllUploads: async () => [...kept.values()],
    removeUpload: async (key) => void kept.delete(key),
  });
  await storage.addUpload("print", { size: 7, uploadUrl: "/uploads/1", metadata: { filename: "Lovelace Ada.zip" } });
  const [known] = await storage.findUploadsByFingerprint("print");
  assert.deepEqual(plain(known), { size: 7, uploadUrl: "/uploads/1", metadata: {} });
  assert.equal((await storage.findAllUploads()).length, 1);
  await storage.removeUpload("print");
  assert.equal(kept.size, 0);
});

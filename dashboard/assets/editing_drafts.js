/* Unsaved corrections, kept in this browser (IndexedDB) until they are saved or discarded.

   A draft is known by the ids of person, scan and result; no name is in it beside what somebody typed as the
   comment. It is written whole after every step, one at a time, and it notes the tab that wrote it: a tab
   that lost its turn cannot write over the other one's. */

(function (lightbox) {
  "use strict";

  const editing = (lightbox.editing = lightbox.editing || {});
  const DATABASE = "lightbox-drafts";
  const STORE = "drafts";
  const KEPT_MS = 30 * 24 * 3600 * 1000; // of what nobody came back to

  const keyOf = ({ user, scan, result, unaided }) => [user, scan, result || unaided].join("/");

  function asked(request) {
    return new Promise((done, failed) => {
      request.onsuccess = () => done(request.result);
      request.onerror = () => failed(request.error);
    });
  }

  function opened() {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
    return asked(request);
  }

  async function within(mode, work) {
    const database = await opened();
    try {
      const transaction = database.transaction(STORE, mode);
      const finished = new Promise((done, failed) => {
        transaction.oncomplete = done;
        transaction.onabort = transaction.onerror = () => failed(transaction.error);
      });
      const answer = await work(transaction.objectStore(STORE));
      await finished;
      return answer;
    } finally {
      database.close();
    }
  }

  async function through(bytes, stream) {
    return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
  }

  const packed = (bytes) => through(bytes, new CompressionStream("gzip"));
  const unpacked = (bytes) => through(bytes, new DecompressionStream("gzip"));

  /** A bit a voxel: an eighth to be packed after every step. */
  function bitsOf(voxels) {
    const bits = new Uint8Array(Math.ceil(voxels.length / 8));
    for (let index = voxels.indexOf(1); index >= 0; index = voxels.indexOf(1, index + 1)) bits[index >> 3] |= 1 << (index & 7);
    return bits;
  }

  function voxelsOf(bits, length) {
    const voxels = new Uint8Array(length);
    for (let index = 0; index < length; index++) voxels[index] = (bits[index >> 3] >> (index & 7)) & 1;
    return voxels;
  }

  /** Keep a draft, `voxels` being the mask; false where another tab has taken it over meanwhile. */
  async function keep(draft, voxels) {
    const mask = await packed(bitsOf(voxels));
    return within("readwrite", async (store) => {
      const before = await asked(store.get(keyOf(draft)));
      if (before && before.tab !== draft.tab && !draft.takes) return false;
      const own = { key: keyOf(draft), mask: mask, length: voxels.length, at: Date.now(), takes: false };
      await asked(store.put({ ...draft, ...own }));
      return true;
    });
  }

  /** The draft of a person, scan and result with its `voxels`, or null. Old ones of anybody go on the way. */
  async function find(about) {
    const draft = await within("readwrite", async (store) => {
      for (const old of await asked(store.getAll())) {
        if (Date.now() - old.at > KEPT_MS) await asked(store.delete(old.key));
      }
      return asked(store.get(keyOf(about)));
    });
    return draft ? { ...draft, voxels: voxelsOf(await unpacked(draft.mask), draft.length) } : null;
  }

  const forget = (about) => within("readwrite", (store) => asked(store.delete(keyOf(about))));

  editing.drafts = { keep, find, forget, keyOf, packed, unpacked, bitsOf, voxelsOf };
})(window.lightbox);

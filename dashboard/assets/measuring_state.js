/* The measurements of the scan that is shown: fetched, drawn by this person, kept by the server.

   One is { key, id, kind, slice_axis, points, words, author, changed, may_move, may_delete, failed }: `key` is
   this page's own name for it, `id` the server's (null until it is kept), `failed` why it is not kept. */

(function (lightbox) {
  "use strict";

  const AWAY = "The server could not be reached.";
  const empty = (scan) => ({ scan, ready: false, steps: [null, null, null], mayAdd: false, items: [], selected: null, taken: 0, draft: null, said: "" });

  let room = empty(null);
  let keys = 0;

  function tell() {
    lightbox.viewer.redraw?.();
    document.dispatchEvent(new CustomEvent("lightbox:measurements"));
  }

  const address = (scan, id) => "/scans/" + scan + "/annotations" + (id ? "/" + id : "");

  /** What the server answers, or { sentence } where it refuses or is away. */
  async function ask(method, path, body) {
    const headers = { "X-CSRFToken": lightbox.csrf(), ...(body ? { "Content-Type": "application/json" } : {}) };
    try {
      const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
      const answer = await response.json();
      return response.ok ? answer : { sentence: answer.error?.message ?? AWAY };
    } catch {
      return { sentence: AWAY };
    }
  }

  async function load(scan) {
    room = empty(scan);
    tell();
    const answer = await ask("GET", address(scan));
    if (room.scan !== scan || answer.sentence) return;
    const drawn = answer.annotations.map((item) => ({ ...item, key: ++keys, failed: "" }));
    Object.assign(room, { ready: true, steps: answer.steps, mayAdd: answer.may_add, items: [...drawn, ...room.items] });
    tell();
  }

  /** Where a measurement lies, as the arithmetic wants it. */
  const place = (axis) => ({ axis, steps: room.steps, shape: lightbox.shownViewer().data.shape });

  const measured = (kind, points) => lightbox.measuring.words(lightbox.measuring.values(kind, points, room.steps));

  /** Gives a measurement other points, on the page alone: `keep` has them kept. */
  function setPoints(item, points) {
    Object.assign(item, { points, words: measured(item.kind, points) });
    tell();
  }

  /** A new one of this person's, not kept yet. */
  function begun(kind, axis, points) {
    return {
      key: ++keys, id: null, kind, slice_axis: axis, points, words: measured(kind, points),
      author: "you", changed: "", may_move: true, may_delete: true, failed: "",
    };
  }

  async function send(item, scan) {
    const { points, kind, slice_axis, id } = item;
    const answer = id
      ? await ask("PUT", address(scan, id), { points })
      : await ask("POST", address(scan), { kind, slice_axis, points });
    room.said = answer.sentence ? "Not kept: " + answer.sentence : "Kept: " + answer.words;
    if (answer.sentence) item.failed = answer.sentence;
    else if (item.points === points) Object.assign(item, answer, { failed: "" });
    else Object.assign(item, { id: answer.id, failed: "" }); // moved on meanwhile: that is kept next
    tell();
  }

  // One request after the other for each measurement: a second drag must not make a second measurement.
  function after(item, act) {
    item.waiting = (item.waiting ?? Promise.resolve()).then(act);
    return item.waiting;
  }

  /** Has the server keep a measurement as it is now. */
  function keep(item) {
    const { scan } = room;
    if (!room.items.includes(item)) room.items.push(item);
    tell();
    return after(item, () => send(item, scan));
  }

  function remove(item) {
    const { scan, items } = room;
    return after(item, async () => {
      const answer = item.id ? await ask("DELETE", address(scan, item.id)) : {};
      if (answer.sentence) item.failed = answer.sentence;
      else items.splice(items.indexOf(item), 1);
      if (room.selected === item && !answer.sentence) room.selected = null;
      room.said = answer.sentence ? "Not deleted: " + answer.sentence : "Deleted: " + item.words;
      tell();
    });
  }

  /** Selects a measurement, or none; `taken` is the end that keys move. */
  function select(item, taken = 0) {
    Object.assign(room, { selected: item, taken });
    tell();
  }

  function take(end) {
    room.taken = end;
    tell();
  }

  function setDraft(draft) {
    room.draft = draft;
    tell();
  }

  document.addEventListener("lightbox:scan", ({ detail }) => {
    if (detail.fresh || detail.scan !== room.scan) load(detail.scan);
  });

  lightbox.measuring = Object.assign(lightbox.measuring ?? {}, {
    room: () => room, place, setPoints, begun, keep, remove, select, take, setDraft,
  });
})(window.lightbox);

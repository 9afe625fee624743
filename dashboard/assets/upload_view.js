/* How uploads are shown: a row each, its outcomes foldable, and the whole list too when it is long. */

(function (lightbox) {
  "use strict";

  const { settled, cancellable, size, stateWords, countWords, summaryWords } = lightbox.uploadStates;
  const UNFOLDED = 12; // outcomes of one upload that are shown without being asked for
  const LONG = 3; // uploads that need no fold
  const folds = new Map(); // what the person opened or closed, by key

  function make(tag, look, text) {
    const made = document.createElement(tag);
    if (look) made.className = look;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function button(look, words, act, name) {
    const made = make("button", "btn btn-sm " + look, words);
    made.type = "button";
    if (name) made.setAttribute("aria-label", name);
    made.onclick = act;
    return made;
  }

  /** A fold that stays as the person left it, although the list is drawn anew. */
  function fold(key, words, open) {
    const made = make("details", "lb-upload-fold");
    made.open = folds.has(key) ? folds.get(key) : open;
    made.append(make("summary", "", words));
    made.addEventListener("toggle", () => folds.set(key, made.open));
    return made;
  }

  function row(item, acts) {
    const box = make("div", "lb-upload lb-upload-" + item.phase);
    box.dataset.upload = item.key;
    box.append(head(item, acts));
    if (item.phase === "asking") box.append(question(item, acts));
    if (item.phase === "packing" || item.phase === "sending") box.append(progressBar(item));
    if (item.note) box.append(make("div", "lb-upload-note", item.note));
    if (item.failure) box.append(make("div", "lb-upload-refusal", item.failure));
    const outcomes = [...(item.refusals || []).map(refusal), ...scans(item)];
    if (outcomes.length <= 1) box.append(...outcomes);
    else {
      const list = fold(item.key, countWords(item), outcomes.length <= UNFOLDED);
      list.append(...outcomes);
      box.append(list);
    }
    return box;
  }

  function head(item, acts) {
    const line = make("div", "lb-upload-head");
    line.append(make("span", "lb-upload-name", item.name), make("span", "lb-upload-size", size(item.size)));
    line.append(make("span", "lb-upload-state", stateWords(item)));
    if (cancellable(item)) {
      line.append(button("btn-link", "Cancel", () => acts.cancel(item), "Cancel " + item.name));
    }
    return line;
  }

  function question(item, acts) {
    const box = make("div", "lb-upload-question");
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", item.question);
    box.append(make("span", "", item.question));
    box.append(button("btn-primary", "One volume", () => acts.answer(item, true)));
    box.append(button("btn-outline-primary", "Single pictures", () => acts.answer(item, false)));
    return box;
  }

  function showShare(bar, share) {
    const percent = Math.round(share * 100);
    bar.style.width = percent + "%";
    bar.parentNode.setAttribute("aria-valuenow", percent);
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
    if (!(item.scans || []).length) return [];
    const links = make("div", "lb-upload-scans");
    for (const scan of item.scans) {
      const link = make("a", "lb-upload-scan lb-status-" + scan.status, scan.label);
      link.href = "/scans/" + scan.id;
      link.append(make("small", "", scan.known ? "was here already" : scan.status));
      if (scan.failure) link.title = scan.failure;
      links.append(link);
    }
    const failed = item.scans.filter((scan) => scan.failure).map((scan) => refusal({ name: scan.label, sentence: scan.failure }));
    return [links, ...failed];
  }

  /** Everything, newest first. `acts`: cancel(item), answer(item, asVolume), dismiss(). */
  function draw(list, items, acts) {
    const focused = list.contains(document.activeElement);
    const rows = items.map((item) => row(item, acts));
    let place = list;
    list.replaceChildren();
    if (items.length > LONG) {
      place = fold("all", summaryWords(items), true);
      list.append(place);
    }
    place.append(...rows);
    if (items.some(settled)) list.append(button("btn-link lb-upload-clear", "Clear the finished", acts.dismiss));
    const first = list.querySelector("button, summary");
    if (focused && first) first.focus();
  }

  lightbox.uploadView = { draw, showShare };
})(window.lightbox);

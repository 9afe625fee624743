/* The panel of a correction: builds its controls and shows what is the case. What they do is told by `act`. */

(function (lightbox) {
  "use strict";

  const editing = (lightbox.editing = lightbox.editing || {});
  const BASES = {
    ai: "the AI's mask", corrected: "the correction that counts now", drawn: "what you drew", empty: "an empty mask",
  };
  const SIZES = { least: 1, most: 60, step: 0.5, factor: 1.25 };

  /** An element with attributes (functions are listeners) and what is in it. */
  function make(tag, attributes, ...inside) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") element.addEventListener(name, value);
      else if (value !== false) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...inside);
    return element;
  }

  const icon = (name) => make("i", { class: "bi " + name, "aria-hidden": "true" });

  function button(id, words, look, click, more) {
    return make("button", { type: "button", id: id, class: "btn btn-sm " + look, click: click, ...more }, ...words);
  }

  function field(id, words, input, after) {
    const name = make("label", { for: id, class: "lb-edit-name" }, words);
    return make("div", { class: "lb-edit-field", id: id + "-row" }, name, input, ...after);
  }

  function range(id, least, most, step, value, change) {
    return make("input", {
      id: id, type: "range", class: "form-range", min: least, max: most, step: step, value: value,
      input: (event) => change(Number(event.target.value)),
    });
  }

  function number(id, name, change) {
    const numberOf = (text) => (text.trim() === "" || !Number.isFinite(Number(text)) ? null : Number(text));
    return make("input", {
      id: id, type: "text", inputmode: "decimal", class: "form-control form-control-sm", "aria-label": name,
      input: (event) => change(numberOf(event.target.value)),
    });
  }

  function check(id, words, checked, change) {
    const box = make("input", {
      id: id, type: "checkbox", class: "form-check-input", checked: checked,
      change: (event) => change(event.target.checked),
    });
    return make("div", { class: "form-check", id: id + "-row" }, box, make("label", { for: id, class: "form-check-label" }, words));
  }

  function toolbar(act) {
    const tools = editing.tools.kinds.map(({ name, label, icon: picture, key }) =>
      button("editing-" + name, [icon(picture)], "btn-outline-primary", () => act.tool(name), {
        title: label + " (" + key.toUpperCase() + ")", "aria-label": label, "aria-pressed": "false",
        "aria-keyshortcuts": key.toUpperCase(), "data-tool": name,
      })
    );
    return make("div", { class: "lb-edit-tools", role: "group", "aria-label": "Tools" }, ...tools);
  }

  function settings(act) {
    const unit = make("output", { id: "editing-size-value", for: "editing-size" });
    const tolerance = make("output", { id: "editing-tolerance-value", for: "editing-tolerance" });
    const reach = make("output", { id: "editing-reach-value", for: "editing-reach" });
    const values = make(
      "div", { class: "lb-edit-field", id: "editing-values-row" },
      make("span", { class: "lb-edit-name" }, "Values from"),
      number("editing-low", "Lowest value", (low) => act.set({ low })), "to",
      number("editing-high", "Highest value", (high) => act.set({ high })),
      make("small", { class: "text-secondary" }, "Left empty: the brighter part of what the outline holds.")
    );
    return [
      field("editing-size", "Size", range("editing-size", SIZES.least, SIZES.most, SIZES.step, 8, act.size), [unit]),
      check("editing-removes", "Remove instead of add", false, (removes) => act.set({ removes })),
      field("editing-tolerance", "Tolerance",
        range("editing-tolerance", 1, 50, 1, 12, (percent) => act.set({ tolerance: percent / 100 })), [tolerance]),
      field("editing-reach", "No further than", range("editing-reach", 5, 100, 5, 30, (mm) => act.set({ reach: mm })), [reach]),
      check("editing-everywhere", "Through all slices", true, (everywhere) => act.set({ everywhere })),
      values,
    ];
  }

  function steps(act) {
    return make(
      "div", { class: "lb-edit-row" },
      button("editing-undo", [icon("bi-arrow-counterclockwise"), " Undo"], "btn-outline-primary", act.undo,
        { title: "Undo (Ctrl+Z)", "aria-keyshortcuts": "Control+Z" }),
      button("editing-redo", [icon("bi-arrow-clockwise"), " Redo"], "btn-outline-primary", act.redo,
        { title: "Redo (Ctrl+Y)", "aria-keyshortcuts": "Control+Y" }),
      button("editing-interpolate", [icon("bi-layers-half"), " Between slices"], "btn-outline-primary", act.interpolate,
        { title: "Draw the slices between those that you edited" })
    );
  }

  function begin(act) {
    const choice = make("select", { id: "editing-base", class: "form-select form-select-sm" });
    const buttons = [
      button("editing-begin", [icon("bi-pencil-square"), " Edit mask"], "btn-primary", act.begin),
      button("editing-restart", ["Start again"], "btn-outline-secondary", act.restart, { title: "Start again from the mask chosen" }),
    ];
    return field("editing-base", "Start from", choice, buttons);
  }

  function notes(act) {
    const comment = make("textarea", {
      id: "editing-comment", rows: "2", maxlength: "1000", class: "form-control form-control-sm",
      input: (event) => act.comment(event.target.value),
    });
    return [
      check("editing-beside", "Show the AI's mask beside it", true, act.beside),
      make("p", { id: "editing-sizes", class: "lb-edit-sizes" }),
      make("label", { for: "editing-comment", class: "lb-edit-name" }, "Comment"), comment,
      make(
        "div", { class: "lb-edit-row" },
        button("editing-save", ["Save"], "btn-success", act.save),
        button("editing-discard", ["Discard"], "btn-outline-danger", act.discard),
        make("span", { id: "editing-time", class: "text-secondary" })
      ),
    ];
  }

  /** Build the panel in `host`; what was `said` last stays. */
  function build(host, act, said) {
    const offered = make("div", { id: "editing-offer", class: "lb-warning", role: "status", hidden: true });
    const message = make("div", { id: "editing-message", role: "status", class: "text-secondary" }, said);
    const hint = make("p", { id: "editing-hint", class: "lb-edit-hint" });
    const work = make("div", { id: "editing-work", hidden: true }, toolbar(act), hint, ...settings(act), steps(act), ...notes(act));
    host.replaceChildren(offered, message, work, begin(act));
    editing.panel.host = host;
  }

  const part = (name) => document.getElementById("editing-" + name);

  function showBases(names, chosen) {
    const choice = part("base");
    const before = chosen || choice.value;
    choice.replaceChildren(...names.map((name) => make("option", { value: name }, BASES[name])));
    choice.value = names.includes(before) ? before : names[0];
  }

  /** Buttons with a sentence before them: what to do about a draft, another tab, somebody else's correction. */
  function offer(sentence, choices) {
    part("offer").hidden = !sentence;
    const buttons = choices.map(({ id, words, act }) => button(id, [words], "btn-outline-primary", act));
    part("offer").replaceChildren(sentence || "", make("div", { class: "lb-edit-row" }, ...buttons));
  }

  const say = (sentence, wrong) => lightbox.tell(part("message"), sentence, wrong);

  function showTool(name) {
    part("hint").textContent = editing.tools.kinds.find((kind) => kind.name === name)?.hint ?? "No tool: drag to browse.";
    for (const { name: tool } of editing.tools.kinds) {
      part(tool).setAttribute("aria-pressed", String(tool === name));
      part(tool).classList.toggle("active", tool === name);
    }
    const used = {
      size: ["brush", "eraser"], removes: ["lasso"], tolerance: ["grow"], reach: ["grow"], everywhere: ["grow"],
      values: ["threshold"],
    };
    for (const [row, tools] of Object.entries(used)) part(row + "-row").hidden = !tools.includes(name);
  }

  /** Ask with two buttons; resolves to whether the first was chosen. */
  function ask(question, yes, no) {
    return new Promise((done) => {
      const dialog = make("dialog", { class: "lb-dialog", id: "editing-question", "aria-labelledby": "editing-question-words" });
      const answer = (said) => () => dialog.close(said);
      dialog.append(
        make("p", { id: "editing-question-words" }, question),
        make("div", { class: "lb-edit-row" },
          button("editing-yes", [yes], "btn-primary", answer("yes")),
          button("editing-no", [no], "btn-outline-secondary", answer("no")))
      );
      dialog.addEventListener("close", () => {
        dialog.remove();
        done(dialog.returnValue === "yes");
      });
      document.body.append(dialog);
      dialog.showModal();
    });
  }

  editing.panel = { build, part, showBases, offer, say, showTool, ask, SIZES };
})(window.lightbox);

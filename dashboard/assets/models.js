/* The models page: a version's zip is sent here, because a callback would carry it as text. */

(function (lightbox) {
  "use strict";

  function tell(task, sentence, wrong) {
    const place = document.getElementById("models-zip-" + task + "-message");
    if (!place) return;
    place.textContent = sentence;
    place.className = wrong ? "lb-upload-refusal" : "text-secondary";
  }

  async function send(task, file) {
    if (!file) return;
    tell(task, "Sending and checking " + file.name, false);
    const form = new FormData();
    form.append("version", file);
    const path = "/models/" + encodeURIComponent(task) + "/versions";
    try {
      const response = await fetch(path, { method: "POST", body: form, headers: { "X-CSRFToken": lightbox.csrf() } });
      if (!response.ok) return tell(task, await lightbox.sentence(response), true);
      const { version } = await response.json();
      tell(task, "Registered as version " + version + ".", false);
      window.dash_clientside.set_props("models-uploaded", { data: task + " " + version });
    } catch {
      tell(task, "The connection broke; try again.", true);
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".lb-choose-zip");
    if (!button) return;
    const task = button.dataset.task;
    const field = document.createElement("input");
    field.type = "file";
    field.id = "version-input";
    field.hidden = true;
    field.accept = ".zip";
    field.onchange = () => {
      send(task, field.files[0]);
      field.remove();
    };
    document.getElementById("version-input")?.remove();
    document.body.append(field);
    field.click();
  });
})(window.lightbox);

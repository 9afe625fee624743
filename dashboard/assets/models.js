/* The models page: a version's zip is sent here, because a callback would carry it as text. */

(function (lightbox) {
  "use strict";

  function tell(task, sentence, wrong) {
    lightbox.tell(document.getElementById("models-zip-" + task + "-message"), sentence, wrong);
  }

  async function send(task, file) {
    tell(task, "Sending and checking " + file.name, false);
    const form = new FormData();
    form.append("version", file);
    const path = "/models/" + encodeURIComponent(task) + "/versions";
    try {
      const response = await lightbox.post(path, form);
      if (!response.ok) return tell(task, (await lightbox.fault(response)).sentence, true);
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
    const { task } = button.dataset;
    lightbox.chooseFile("version-input", ".zip", (file) => send(task, file));
  });
})(window.lightbox);

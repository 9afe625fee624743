/* A corrected mask as a file: chosen, sent, and said to be kept. */

(function (lightbox, callbacks) {
  "use strict";

  const tell = (sentence, wrong) => lightbox.tell(document.getElementById("correct-message"), sentence, wrong);

  // What was said holds as long as that review counts.
  let kept = null;
  callbacks.forgetMaskMessage = function (counts) {
    if (kept && counts && counts.props["data-review"] !== kept) {
      kept = null;
      tell("", false);
    }
  };

  function refused({ code, sentence }) {
    tell(sentence, true);
    if (code !== "unchanged_mask") return;
    const accept = lightbox.make("button", { type: "button", id: "correct-accept", className: "btn btn-sm btn-success" }, "Accept");
    accept.onclick = () => {
      tell("", false);
      document.getElementById("scan-accept").click();
    };
    document.getElementById("correct-message")?.append(" ", accept);
  }

  async function correct(file) {
    const scan = lightbox.pageScan();
    if (!scan) return;
    tell("Sending " + file.name, false);
    const form = new FormData();
    form.append("mask", file);
    form.append("labels", document.getElementById("correct-labels")?.value ?? "");
    form.append("empty", document.getElementById("correct-empty")?.checked ? "yes" : "no");
    const { result, review: parent } = lightbox.reviewed();
    form.append("result", result);
    form.append("parent", parent);
    form.append("minutes", lightbox.reviewMinutes());
    form.append("comment", document.getElementById("scan-comment")?.value ?? "");
    const path = "/scans/" + encodeURIComponent(scan) + "/correction";
    try {
      const response = await lightbox.post(path, form);
      if (!response.ok) return refused(await lightbox.fault(response));
      const { review } = await response.json();
      kept = review;
      lightbox.reviewKept();
      tell("Your mask was kept.", false);
      window.dash_clientside.set_props("scan-refresh", { data: "corrected " + review });
    } catch {
      tell("The connection broke; try again.", true);
    }
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("#choose-mask")) lightbox.chooseFile("mask-input", ".nii,.gz,.png,.tif,.tiff", correct);
  });
})(window.lightbox, window.dash_clientside.lightbox);

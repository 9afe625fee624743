/* Files of a scan are fetched by the page, so that it can say why one is refused: a picture that is held, say. */
window.lightbox = window.lightbox || {};

(function (lightbox) {
  "use strict";

  const KEPT_MS = 60000; // so long a browser may take to begin keeping a file

  /** The name that the server gives a file (RFC 6266); "" where it gives none. */
  lightbox.fileName = function (disposition) {
    const encoded = /filename\*=UTF-8''([^;]+)/i.exec(disposition ?? "");
    const plain = /filename="?([^";]+)"?/i.exec(disposition ?? "");
    return encoded ? decodeURIComponent(encoded[1]) : plain ? plain[1] : "";
  };

  async function sentence(response) {
    try {
      return (await response.json()).error.message;
    } catch {
      return "This file could not be made. Try again.";
    }
  }

  function keep(blob, name) {
    const address = URL.createObjectURL(blob);
    lightbox.make("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), KEPT_MS);
  }

  /** Fetch the file that a link leads to and have the browser keep it; the sentence of who refuses it, or "". */
  lightbox.fetchFile = async function (link) {
    let response;
    try {
      response = await fetch(link.href);
      if (!response.ok) return await sentence(response);
      keep(await response.blob(), lightbox.fileName(response.headers.get("Content-Disposition")));
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // what fetch says of a server that does not answer
      return "The server does not answer. Try again.";
    }
    return "";
  };

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a.lb-download[href]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.getAttribute("aria-busy")) return; // a double click
    link.setAttribute("aria-busy", "true");
    const refused = await lightbox.fetchFile(link);
    link.removeAttribute("aria-busy");
    window.dash_clientside.set_props("alert", refused ? { children: refused, is_open: true } : { is_open: false });
  });
})(window.lightbox);

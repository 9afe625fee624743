/* Passkeys on the plain pages: what the server asks for goes to the browser's authenticator, and its answer
   back as a form. Needs nothing of the other scripts; pages without such a form are left alone, and confirming.js
   asks for passkeys on them. */

window.lightbox = window.lightbox || {};

(function () {
  "use strict";

  const bytes = (word) => Uint8Array.from(atob(word.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));

  function text(buffer) {
    const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
    return btoa(letters).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  const allowed = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));

  async function made(options) {
    const publicKey = {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: allowed(options.excludeCredentials),
    };
    const credential = await navigator.credentials.create({ publicKey: publicKey });
    const response = credential.response;
    return answer(credential, {
      attestationObject: text(response.attestationObject),
      transports: response.getTransports ? response.getTransports() : [],
    });
  }

  async function signed(options) {
    const publicKey = {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: allowed(options.allowCredentials),
    };
    const given = await navigator.credentials.get({ publicKey: publicKey });
    const response = given.response;
    return answer(given, {
      authenticatorData: text(response.authenticatorData),
      signature: text(response.signature),
      userHandle: response.userHandle ? text(response.userHandle) : null,
    });
  }

  window.lightbox.passkeySigns = signed;

  function answer(credential, response) {
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: { clientDataJSON: text(credential.response.clientDataJSON), ...response },
    });
  }

  /** What went wrong, as a sentence: browsers give their errors names. */
  window.lightbox.passkeyFault = function (error) {
    if (error.name === "InvalidStateError") return "This device holds a passkey of yours already.";
    return error.name === "NotAllowedError" || error.name === "AbortError" ? "No passkey was used." : error.message;
  };

  function say(form, words) {
    const box = form.querySelector("[role=alert]");
    box.textContent = words;
    box.hidden = !words;
  }

  async function posted(address, form) {
    const reply = await fetch(address, { method: "POST", body: form });
    const told = await reply.json();
    if (!reply.ok) throw new Error(told.error.message);
    return told;
  }

  async function send(event) {
    const form = event.target;
    event.preventDefault();
    say(form, "");
    const button = form.querySelector("button[type=submit]");
    button.disabled = true;
    try {
      const options = await posted(form.dataset.options, new FormData(form));
      form.elements.answer.value = await (form.dataset.passkey === "make" ? made(options) : signed(options));
      if (form.elements.password) form.elements.password.disabled = true; // it was asked for already
      form.submit();
    } catch (error) {
      button.disabled = false;
      say(form, window.lightbox.passkeyFault(error));
    }
  }

  /** Beside the password's field: a passkey answers for the act that the button names, and the form is sent as ever. */
  async function confirm(button) {
    const form = button.form;
    const says = button.nextElementSibling;
    const asking = new FormData();
    asking.append("csrf_token", form.elements.csrf_token.value);
    asking.append("act", button.dataset.confirmsForm);
    button.disabled = true;
    says.hidden = false;
    says.textContent = "";
    try {
      form.elements.confirmed.value = await signed(await posted("/confirm/passkey", asking));
      const password = document.getElementById(button.dataset.insteadOf);
      password.value = "";
      password.required = false;
      says.textContent = "Your passkey has answered: no password is needed.";
    } catch (error) {
      says.textContent = window.lightbox.passkeyFault(error);
    } finally {
      button.disabled = false;
    }
  }

  for (const button of document.querySelectorAll("button[data-confirms-form]")) {
    if (!window.PublicKeyCredential) continue;
    button.hidden = false;
    button.addEventListener("click", () => confirm(button));
  }
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!window.PublicKeyCredential) continue;
    form.hidden = false;
    form.addEventListener("submit", send);
  }
})();

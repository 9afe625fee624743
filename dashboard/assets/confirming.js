/* A passkey in the place of the password, before an act that cannot be undone. The button names the act, where the
   answer is kept until the form is sent, where it says so, and which field it stands in for. */

(function (lightbox) {
  "use strict";

  const set = (id, values) => window.dash_clientside.set_props(id, values);

  async function asked(act) {
    const form = new FormData();
    form.append("act", act);
    const reply = await lightbox.post("/confirm/passkey", form);
    const told = await reply.json();
    if (!reply.ok) throw new Error(told.error.message);
    return told;
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-confirms]");
    if (!button) return;
    const { confirms, answer, says, insteadOf } = button.dataset;
    button.disabled = true;
    set(answer, { data: "" });
    set(says, { children: "" });
    try {
      set(answer, { data: await lightbox.passkeySigns(await asked(confirms)) });
      set(insteadOf, { value: "" });
      set(says, { children: "Your passkey has answered: no password is needed." });
    } catch (error) {
      set(says, { children: lightbox.passkeyFault(error) });
    } finally {
      button.disabled = false;
    }
  });
})(window.lightbox);

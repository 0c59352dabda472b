// A form with data-passkey asks the device for a passkey, then sends what it answered.
// Kinds: "sign-in" (the options come from the form's address), "confirm" and "add" (they stand in
// the page).
"use strict";
{
  const bytes = (text) => {
    const base64 = text.replace(/-/g, "+").replace(/_/g, "/");
    return Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
  };

  const text = (buffer) => {
    if (!buffer) return undefined;
    const binary = Array.from(new Uint8Array(buffer), (each) => String.fromCharCode(each)).join("");
    return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };

  const named = (credentials) =>
    (credentials ?? []).map((each) => ({ ...each, id: bytes(each.id) }));

  const make = ({ publicKey }) => {
    const selection = {
      ...publicKey.authenticatorSelection,
      residentKey: "required",
      requireResidentKey: true,
      userVerification: "required",
    };
    return navigator.credentials.create({
      publicKey: {
        ...publicKey,
        challenge: bytes(publicKey.challenge),
        user: { ...publicKey.user, id: bytes(publicKey.user.id) },
        excludeCredentials: named(publicKey.excludeCredentials),
        authenticatorSelection: selection,
      },
    });
  };

  const use = ({ publicKey }) =>
    navigator.credentials.get({
      publicKey: {
        ...publicKey,
        challenge: bytes(publicKey.challenge),
        allowCredentials: named(publicKey.allowCredentials),
      },
    });

  const written = (credential) => {
    const { response } = credential;
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: {
        clientDataJSON: text(response.clientDataJSON),
        attestationObject: text(response.attestationObject),
        authenticatorData: text(response.authenticatorData),
        signature: text(response.signature),
        userHandle: text(response.userHandle),
        transports: response.getTransports?.(),
      },
    });
  };

  const inPage = () => JSON.parse(document.getElementById("passkey-options").textContent);

  const fetched = async (form) => {
    const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error("no options");
    return (await answer.json()).request_options;
  };

  const ask = async (form) => {
    switch (form.dataset.passkey) {
      case "add":
        return make(inPage().creation_options);
      case "confirm":
        return use(inPage().request_options);
      default:
        return use(await fetched(form));
    }
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!window.PublicKeyCredential) continue;
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const problem = form.querySelector("[role=alert]:last-child");
      problem.hidden = true;
      try {
        form.elements.credential.value = written(await ask(form));
      } catch {
        problem.textContent = form.dataset.refused;
        problem.hidden = false;
        return;
      }
      form.submit();
    });
  }
}

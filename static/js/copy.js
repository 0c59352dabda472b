// A button with data-copy puts that text on the clipboard and says so for a moment.
"use strict";
{
  const SHOWN_MS = 1600;

  const copyByHand = (text) => {
    // Without https there is no clipboard API; a selection can still be copied.
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "visually-hidden";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  };

  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return copyByHand(text);
    }
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button || !(await copy(button.dataset.copy))) return;
    button.focus();
    const label = button.querySelector("span");
    const before = (button.dataset.label ??= label.textContent);
    label.textContent = button.dataset.copied;
    button.classList.add("is-done");
    document.getElementById("announcement").textContent = button.dataset.copied;
    setTimeout(() => {
      label.textContent = before;
      button.classList.remove("is-done");
    }, SHOWN_MS);
  });
}

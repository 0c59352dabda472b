// Single keys press the buttons that name them, as long as nobody is typing.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.matches("input, textarea, select")) return;
  const key = event.key.toLowerCase();
  if (key === "o") {
    event.preventDefault();
    document.querySelector(".office-another input[name=another]").focus();
    return;
  }
  const button = document.querySelector(`.office-review [data-key="${CSS.escape(key)}"]`);
  if (!button) return;
  event.preventDefault();
  button.click();
});

// Whoever presses twice means it once: the next code is not on the page yet.
for (const form of document.querySelectorAll(".office-review, .office-another")) {
  form.addEventListener("submit", (event) => {
    if (document.body.dataset.sent) event.preventDefault();
    document.body.dataset.sent = "1";
  });
}
// Back from the history, the page is as new.
window.addEventListener("pageshow", () => delete document.body.dataset.sent);

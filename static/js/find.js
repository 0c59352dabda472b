// The search field: "/" leads to it, what was found opens below it, Escape closes that again.
"use strict";
{
  const field = document.getElementById("find");
  const results = document.getElementById("find-results");

  const open = (isOpen) => {
    if (results) results.hidden = !isOpen;
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.matches("input, textarea, select, [contenteditable]")) {
      if (event.ctrlKey || event.metaKey || event.altKey || !field) return;
      event.preventDefault();
      field.focus();
      field.select();
    }
    if (event.key === "Escape" && results && !results.hidden) {
      open(false);
      field.focus();
    }
    if (event.key === "ArrowDown" && event.target === field) {
      const first = document.querySelector("#find-results:not([hidden]) a, #finds a");
      if (!first) return;
      event.preventDefault();
      first.focus();
    }
  });

  if (results) {
    results.addEventListener("htmx:afterSwap", () => open(field.value.trim() !== ""));
    field.addEventListener("focus", () => {
      if (field.value.trim() && results.childElementCount) open(true);
    });
    document.addEventListener("pointerdown", (event) => {
      if (!event.target.closest(".find")) open(false);
    });
    field.form.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !field.form.contains(event.relatedTarget)) open(false);
    });
  }
}

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
      event.preventDefault(); // the first one closes the list, only the next empties the field
      open(false);
      field.focus();
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const links = [...document.querySelectorAll("#find-results:not([hidden]) a, #finds a")];
      const here = event.target === field ? -1 : links.indexOf(event.target);
      if (event.target !== field && here < 0) return;
      const there = links[here + (event.key === "ArrowDown" ? 1 : -1)] ?? field;
      event.preventDefault();
      there.focus();
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

// Buttons with usual amounts fill in a field. Without scripts they stay hidden: one just types.
"use strict";
{
  for (const group of document.querySelectorAll("[data-presets-for]")) {
    const field = document.getElementById(group.dataset.presetsFor);
    const show = () => {
      for (const button of group.children) {
        button.setAttribute("aria-pressed", String(button.value === field.value));
      }
    };
    group.hidden = false;
    group.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      field.value = button.value;
      field.setCustomValidity("");
      show();
    });
    field.addEventListener("input", show);
    show();
  }
}

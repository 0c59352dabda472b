// Tells what saving a pricing rule would do, a moment after the form has stopped changing.
(() => {
  "use strict";
  const LOOK_MS = 200;
  const QUIET_MS = 400;

  function start() {
    const section = document.getElementById("rule-preview");
    const form = section && section.closest("form");
    if (!form) return;
    const told = section.querySelector(".office-told");
    const working = section.querySelector(".office-working");
    const first = new Map(entries(form));
    let seen = written(form);
    let changedAt = first.get("markup_percent") ? 0 : Infinity;
    let asking = null;

    // Looked at instead of listened to: some of its fields are set by scripts that tell nobody.
    setInterval(() => {
      const now = written(form);
      if (now !== seen) {
        seen = now;
        changedAt = Date.now();
        if (asking) asking.abort();
      } else if (Date.now() - changedAt >= QUIET_MS) {
        changedAt = Infinity;
        ask();
      }
    }, LOOK_MS);

    async function ask() {
      asking = new AbortController();
      const mine = asking;
      working.hidden = false;
      section.setAttribute("aria-busy", "true");
      try {
        const answer = await fetch(section.dataset.address, {
          method: "POST",
          body: new FormData(form),
          headers: { Accept: "application/json" },
          signal: mine.signal,
        });
        if (!answer.ok) throw new Error(String(answer.status));
        const { errors, html } = await answer.json();
        complain(errors);
        if (html) told.innerHTML = html;
        else told.textContent = section.dataset.wrong;
      } catch (error) {
        if (error.name !== "AbortError") told.textContent = section.dataset.failed;
      } finally {
        if (mine === asking) {
          working.hidden = true;
          section.removeAttribute("aria-busy");
        }
      }
    }

    function complain(errors) {
      for (const old of form.querySelectorAll(".office-live-error")) old.remove();
      const now = new Map(entries(form));
      for (const [name, texts] of Object.entries(errors)) {
        const field = form.querySelector(`[name="${name}"], [name="${name}_0"]`);
        const isTouched = !field || now.get(field.name) !== first.get(field.name) || field.value;
        if (!isTouched) continue;
        const line = document.createElement("p");
        line.className = "office-live-error";
        line.textContent = texts.join(" ");
        const place = field && (field.closest(".field-line, .form-row > div, .field-row") || field.parentElement);
        if (place) place.append(line);
        else told.before(line);
      }
    }
  }

  function entries(form) {
    return [...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken");
  }

  function written(form) {
    return JSON.stringify(entries(form));
  }

  document.addEventListener("DOMContentLoaded", start);
})();

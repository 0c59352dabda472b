// Elements with data-countdown="SECONDS" count down from when they appear; data-bar names a
// progress element that goes along. Seconds, not times: the visitor's clock may be wrong.
// What a clock brings about is no event of the shop: while one stands at zero, the document gets
// `countdown:over` every few seconds.
"use strict";
{
  const TELL_AGAIN_MS = 3000;
  const ends = new WeakMap();
  let toldAt = 0;

  const text = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

  const tell = () => {
    if (Date.now() - toldAt < TELL_AGAIN_MS) return;
    toldAt = Date.now();
    document.dispatchEvent(new CustomEvent("countdown:over"));
  };

  const tick = () => {
    for (const element of document.querySelectorAll("[data-countdown]")) {
      if (!ends.has(element)) ends.set(element, Date.now() + element.dataset.countdown * 1000);
      const left = Math.max(0, Math.ceil((ends.get(element) - Date.now()) / 1000));
      const shown = text(left);
      if (element.textContent !== shown) element.textContent = shown;
      const bar = element.dataset.bar && document.getElementById(element.dataset.bar);
      if (bar) bar.value = left;
      if (left === 0) tell();
    }
  };

  tick();
  setInterval(tick, 500);
  document.addEventListener("htmx:load", tick);
}

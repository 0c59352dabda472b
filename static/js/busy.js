// Live parts tell that they are on their way, and that the shop could not be reached. What only
// reads is asked for again, ever more slowly; what would change something never is.
"use strict";
{
  const FIRST_PAUSE_MS = 1000;
  const LONGEST_PAUSE_MS = 15000;
  const SHOWN_MS = 3000;
  const tries = new WeakMap();

  const say = (what) => {
    const place = document.getElementById("connection");
    place.textContent = what ? place.dataset[what] : "";
  };

  const isLost = () => document.getElementById("connection").textContent !== "";

  const again = (target, path, swap) => {
    const count = (tries.get(target) ?? 0) + 1;
    tries.set(target, count);
    setTimeout(
      () => {
        // The part may have been replaced, or asked for anew and in vain, meanwhile.
        if (!target.isConnected || tries.get(target) !== count) return;
        htmx.ajax("GET", path, { source: target, target, swap })?.catch(() => {});
      },
      Math.min(FIRST_PAUSE_MS * 2 ** (count - 1), LONGEST_PAUSE_MS),
    );
  };

  const failed = (event, what) => {
    const { elt, target, pathInfo, requestConfig } = event.detail;
    if (requestConfig.verb !== "get") return say("refused");
    say(what);
    again(target, pathInfo.finalRequestPath, elt.closest("[hx-swap]")?.getAttribute("hx-swap"));
  };

  document.addEventListener("htmx:beforeRequest", (event) => {
    event.detail.target?.setAttribute("aria-busy", "true");
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    event.detail.target?.removeAttribute("aria-busy");
  });
  document.addEventListener("htmx:sendError", (event) => failed(event, "lost"));
  document.addEventListener("htmx:timeout", (event) => failed(event, "lost"));
  document.addEventListener("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    if (status >= 500 || status === 429) failed(event, "failed");
    else say("refused");
  });
  document.addEventListener("htmx:afterOnLoad", (event) => {
    if (!event.detail.successful) return;
    tries.delete(event.detail.target);
    if (!isLost()) return;
    say("back");
    setTimeout(() => say(""), SHOWN_MS);
  });
}

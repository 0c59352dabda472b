// Live parts of a page. An element with data-live-order="ID" gets the event `changed` when that
// order changed, one with data-live-orders when any order of the account did, and one with
// data-live-wallet when the balance may have; hx-trigger="changed" has them fetched anew.
//
// One tab of the browser holds the stream and hands on what it hears, as a browser opens only six
// connections to an address. Whatever is heard or missed: parts look by themselves, now and then
// while the stream is there, and often while it is not. Silence, and a clock that jumped because
// the machine slept, count as no stream.
"use strict";
{
  const { url, account } = document.currentScript.dataset;

  const LOOK_MS = { live: 20_000, alone: 3_000 };
  const SILENCE_MS = 40_000; // more than two beats of the stream
  const SLEEP_MS = 5_000; // a clock that ticks every second was stopped
  const ANSWER_MS = 1_500; // in which a tab that holds the stream says so
  const TAKE_OVER_MS = 10_000;
  const AGAIN_MS = { first: 1_000, last: 30_000, crowded: 120_000 };
  const PARTS = "[data-live-order], [data-live-orders], [data-live-wallet]";

  const tabs = new BroadcastChannel(`live ${account}`);
  const isShown = () => document.visibilityState === "visible";

  // ---- the parts of this page ------------------------------------------------------------------

  let lookedAt = Date.now();
  let hasFailed = false;
  const ready = new WeakSet(); // htmx knows them by now
  const asking = new WeakSet();
  const askAgain = new Set();

  const nameOf = (part) => `${part.id} ${part.dataset.liveOrder ?? ""}`;

  const refresh = (part) => {
    // The answer that is on its way may be older than this change, and replace the part.
    if (asking.has(part) || !ready.has(part)) askAgain.add(nameOf(part));
    part.dispatchEvent(new CustomEvent("changed"));
  };

  const refreshAll = () => {
    lookedAt = Date.now();
    document.querySelectorAll(PARTS).forEach(refresh);
  };

  const refreshFor = (what) => {
    for (const part of document.querySelectorAll(PARTS)) {
      const { liveOrder, liveOrders } = part.dataset;
      const isWallet = "liveWallet" in part.dataset;
      if (liveOrder === what || isWallet || (liveOrders !== undefined && what !== "wallet")) {
        refresh(part);
      }
    }
  };

  document.addEventListener("htmx:beforeRequest", ({ detail }) => asking.add(detail.elt));
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    const part = detail.requestConfig.elt;
    asking.delete(part);
    if (part.matches(PARTS)) hasFailed = !detail.successful;
  });
  document.addEventListener("htmx:load", ({ target }) => {
    const parts = [...target.querySelectorAll(PARTS)];
    if (target.matches(PARTS)) parts.push(target);
    for (const part of parts) {
      ready.add(part);
      if (askAgain.delete(nameOf(part))) refresh(part);
    }
  });
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const { xhr, requestConfig } = detail;
    if (!requestConfig.elt.matches(PARTS) || !xhr.responseURL) return;
    const asked = new URL(requestConfig.path, location.href).pathname;
    if (new URL(xhr.responseURL).pathname === asked) return;
    // Signed out meanwhile: the whole page goes where its part was sent.
    detail.shouldSwap = false;
    location.reload();
  });
  // A clock that ran out often opens a way, such as cancelling.
  document.addEventListener("countdown:over", refreshAll);

  // ---- what is heard ---------------------------------------------------------------------------

  let isLive = false;
  let heardAt = 0;

  const noteLive = (now) => {
    isLive = now;
    document.documentElement.dataset.live = now ? "on" : "off";
  };

  const hear = ({ event, data }) => {
    heardAt = Date.now();
    if (event === "lost") {
      noteLive(false);
    } else if (event === "gone") {
      noteLive(false);
      if (document.querySelector("[data-live-order], [data-live-orders]")) location.reload();
    } else {
      // Before this, anything may have been missed.
      if (event === "sync" || !isLive) refreshAll();
      else if (event === "changed") refreshFor(data);
      noteLive(true);
    }
  };

  // ---- the stream, in one of the tabs ----------------------------------------------------------

  let stream = null;
  let failures = 0;
  let reopening;

  const pass = (word) => {
    hear(word);
    tabs.postMessage(word);
  };

  const close = () => {
    clearTimeout(reopening);
    stream?.close();
    stream = null;
  };

  const open = () => {
    close();
    const opened = (stream = new EventSource(url, { withCredentials: true }));
    for (const event of ["sync", "changed", "beat", "lost"]) {
      opened.addEventListener(event, ({ data }) => {
        if (opened !== stream) return;
        failures = 0;
        pass({ event, data });
      });
    }
    opened.addEventListener("gone", () => {
      close();
      pass({ event: "gone" });
    });
    opened.addEventListener("full", () => {
      pass({ event: "lost" });
      openLater(AGAIN_MS.crowded);
    });
    opened.addEventListener("error", () => {
      if (opened !== stream) return;
      pass({ event: "lost" });
      openLater(Math.min(AGAIN_MS.first * 2 ** failures++, AGAIN_MS.last));
    });
  };

  const openLater = (delay) => {
    close();
    // Not all at the same moment, after a restart.
    reopening = setTimeout(open, delay * (0.5 + Math.random()));
  };

  // ---- which tab holds it ----------------------------------------------------------------------

  // Locks need https or localhost. Without, each page has a stream of its own while it is shown.
  const locks = navigator.locks;
  let isLeading = false;
  let waiting = null; // for the lock, or for its end
  let resign = () => {};

  const lead = () => {
    isLeading = true;
    open();
    return new Promise((resolve) => (resign = resolve));
  };

  const standDown = () => {
    isLeading = false;
    close();
  };

  // Wait for the lock, or take it from the tab that has it.
  const queue = ({ steal = false } = {}) => {
    waiting?.abort();
    const mine = (waiting = new AbortController());
    const isOver = () => waiting !== mine;
    locks
      .request(`live ${account}`, steal ? { steal } : { signal: mine.signal }, () => {
        if (!isOver()) return lead();
      })
      .catch(() => {})
      .then(() => {
        if (isOver()) return;
        // Another tab took it over.
        standDown();
        queue();
      });
  };

  let hasStarted = false;
  let stoleAt = 0;

  const start = () => {
    hasStarted = true;
    stoleAt = Date.now();
    if (!locks) return lead();
    queue();
    tabs.postMessage({ event: "hello" });
  };

  const stop = () => {
    hasStarted = false;
    noteLive(false);
    waiting?.abort();
    waiting = null;
    resign();
    standDown();
  };

  tabs.addEventListener("message", ({ data: word }) => {
    if (word.event !== "hello") {
      if (!isLeading) hear(word);
    } else if (isLeading) {
      tabs.postMessage({ event: isLive ? "beat" : "lost" });
    }
  });

  // ---- clocks and awakenings -------------------------------------------------------------------

  const takeOver = () => {
    if (!isShown() || !hasStarted || isLeading || !locks) return;
    stoleAt = Date.now();
    queue({ steal: true });
  };

  const wake = ({ isNetworkNew }) => {
    if (!hasStarted) return;
    refreshAll();
    if (isLeading) {
      if (isNetworkNew || !isLive || Date.now() - heardAt > SILENCE_MS / 2) open();
      return;
    }
    const askedAt = Date.now();
    tabs.postMessage({ event: "hello" });
    // No answer: the tab that holds the stream is frozen.
    setTimeout(() => heardAt < askedAt && takeOver(), ANSWER_MS * (1 + Math.random()));
  };

  let tickedAt = Date.now();

  const tick = () => {
    const now = Date.now();
    const slept = now - tickedAt > SLEEP_MS;
    tickedAt = now;
    if (!hasStarted && document.querySelector(PARTS)) start();
    if (isLive && now - heardAt > SILENCE_MS) {
      noteLive(false);
      if (isLeading) open();
    }
    if (!isShown()) return;
    if (slept) wake({ isNetworkNew: true });
    // A tab that is not shown is slow to find its way back.
    if (!isLive && now - stoleAt > TAKE_OVER_MS * (1 + Math.random())) takeOver();
    const pause = isLive && !hasFailed ? LOOK_MS.live : LOOK_MS.alone;
    if (now - lookedAt >= pause) refreshAll();
  };

  tick();
  setInterval(tick, 1_000);

  document.addEventListener("visibilitychange", () => {
    if (isShown()) return wake({ isNetworkNew: false });
    if (locks) return;
    noteLive(false);
    close();
  });
  addEventListener("online", () => wake({ isNetworkNew: true }));
  addEventListener("pagehide", stop);
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    refreshAll();
    if (!hasStarted) start();
  });
}

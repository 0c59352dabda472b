// A sound and a notification when a code comes, for whoever switched them on. What is news has
// data-news; what the page began with is none. The choice is this browser's.
"use strict";
{
  const KEY = "alerts";
  const panel = document.querySelector("[data-alerts]");
  const known = new Set();
  let speaker;

  const chosen = () => {
    try {
      return JSON.parse(localStorage.getItem(KEY)) ?? {};
    } catch {
      return {};
    }
  };

  const choose = (name, isOn) => {
    try {
      localStorage.setItem(KEY, JSON.stringify({ ...chosen(), [name]: isOn }));
    } catch {
      // Without a store the choice lasts as long as the page.
    }
  };

  // Two short tones. Before the first click on a page a browser keeps it silent.
  const chime = async () => {
    speaker ??= new AudioContext();
    await speaker.resume();
    for (const [tone, after] of [[880, 0], [1318, 0.16]]) {
      const [source, volume] = [speaker.createOscillator(), speaker.createGain()];
      const start = speaker.currentTime + after;
      source.frequency.value = tone;
      volume.gain.setValueAtTime(0.2, start);
      volume.gain.exponentialRampToValueAtTime(0.001, start + 0.3);
      source.connect(volume).connect(speaker.destination);
      source.start(start);
      source.stop(start + 0.3);
    }
  };

  const canNotify = () => "Notification" in window && Notification.permission === "granted";

  const notify = (element) => {
    const { news, newsTitle, newsText } = element.dataset;
    try {
      const shown = new Notification(newsTitle, { body: newsText, tag: news });
      shown.addEventListener("click", () => {
        window.focus();
        shown.close();
      });
    } catch {
      // Some phones allow notifications to service workers only.
    }
  };

  const look = ({ isFirst = false } = {}) => {
    for (const element of document.querySelectorAll("[data-news]")) {
      if (known.has(element.dataset.news)) continue;
      known.add(element.dataset.news);
      if (isFirst) continue;
      if (chosen().sound) chime().catch(() => {});
      if (chosen().desktop && canNotify() && document.hidden) notify(element);
    }
  };

  const show = () => {
    const refused = "Notification" in window && Notification.permission === "denied";
    for (const button of panel.querySelectorAll("[data-alert]")) {
      const name = button.dataset.alert;
      const isOn = Boolean(chosen()[name]) && (name !== "desktop" || canNotify());
      button.setAttribute("aria-pressed", String(isOn));
      button.hidden = name === "desktop" && !("Notification" in window);
    }
    panel.querySelector("[data-alert-refused]").hidden = !(refused && chosen().desktop);
  };

  if (panel) {
    panel.hidden = false;
    show();
    panel.addEventListener("click", async (event) => {
      const button = event.target.closest("[data-alert]");
      if (!button) return;
      const isOn = button.getAttribute("aria-pressed") !== "true";
      choose(button.dataset.alert, isOn);
      if (isOn && button.dataset.alert === "sound") chime().catch(() => {});
      if (isOn && button.dataset.alert === "desktop") await Notification.requestPermission();
      show();
    });
  }

  look({ isFirst: true });
  document.addEventListener("htmx:load", () => look());
  document.addEventListener("htmx:oobAfterSwap", () => look());
}

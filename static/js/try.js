// Trying a call from its page: sends what the form says to this shop's own API and shows what came
// back. Sandbox keys only, so that nobody spends money by mistake. Ids that answers bring are kept
// for this tab, so that the next call finds them filled in.
"use strict";
{
  const KEPT = "nexotp.try.";
  const panel = document.getElementById("try");
  const form = panel.querySelector("form");
  const words = form.dataset;
  const answer = panel.querySelector(".try__answer");
  const say = (name, text) => {
    panel.querySelector(`.try__${name}`).textContent = text;
  };

  const kept = (name) => {
    try {
      return sessionStorage.getItem(KEPT + name) ?? "";
    } catch {
      return ""; // storage may be forbidden; then nothing is kept
    }
  };

  const keep = (name, value) => {
    try {
      sessionStorage.setItem(KEPT + name, value);
    } catch {
      /* as above */
    }
  };

  const fill = () => {
    form.elements.key.value ||= kept("key");
    for (const input of form.querySelectorAll("[data-place=path]")) {
      input.value ||= kept(words.names);
    }
    for (const input of form.querySelectorAll("[data-fresh]")) {
      input.value = `try-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
    }
  };

  const objection = (key) => {
    if (key.startsWith("nx_live_")) return words.live;
    return key.startsWith("nx_test_") ? "" : words.unknown;
  };

  const converted = (input) => {
    const text = input.value.trim();
    if (input.dataset.kind === "number") return Number.isNaN(Number(text)) ? text : Number(text);
    if (input.dataset.kind === "boolean") return text === "true";
    if (input.dataset.kind === "list") return text.split(",").map((each) => each.trim());
    return text;
  };

  const request = () => {
    let path = words.path;
    const query = new URLSearchParams();
    const body = {};
    for (const input of form.querySelectorAll("[data-place]")) {
      const text = input.value.trim();
      if (!text) continue;
      if (input.dataset.place === "path") path = path.replace("{id}", encodeURIComponent(text));
      if (input.dataset.place === "query") query.set(input.name, text);
      if (input.dataset.place === "body") body[input.name] = converted(input);
    }
    const takesBody = form.querySelector("[data-place=body]") !== null;
    const headers = {
      Authorization: `Bearer ${form.elements.key.value.trim()}`,
      "Accept-Language": document.documentElement.lang,
    };
    if (takesBody) headers["Content-Type"] = "application/json";
    return [
      query.size ? `${path}?${query}` : path,
      {
        method: words.method,
        headers,
        body: takesBody ? JSON.stringify(body) : undefined,
        credentials: "omit",
        cache: "no-store",
      },
    ];
  };

  // What the headers say, in words.
  const remarks = (headers) => {
    const number = (name, letter) => headers.get(name)?.match(new RegExp(`${letter}=(\\d+)`))?.[1];
    const said = [];
    const bucket = headers.get("RateLimit")?.match(/"(\w+)"/)?.[1];
    if (bucket) {
      said.push(
        words.left
          .replace("{left}", number("RateLimit", "r"))
          .replace("{all}", number("RateLimit-Policy", "q"))
          .replace("{bucket}", bucket),
      );
    }
    if (headers.get("Idempotent-Replayed")) said.push(words.replayed);
    if (headers.get("Retry-After")) {
      said.push(words.again.replace("{seconds}", headers.get("Retry-After")));
    }
    return said.join(" · ");
  };

  const keepIds = (data) => {
    if (!data || Array.isArray(data)) return;
    for (const [name, value] of Object.entries(data)) {
      if (name.endsWith("Id") && typeof value === "string") keep(name, value);
    }
  };

  const show = (status, tone, more = "", text = "") => {
    answer.dataset.tone = tone;
    say("status", status);
    say("more", more);
    const code = answer.querySelector("code");
    code.textContent = text;
    code.parentElement.hidden = !text;
    const next = answer.querySelector(".try__next");
    if (next) next.hidden = tone !== "good";
  };

  const send = async () => {
    const key = form.elements.key.value.trim();
    const refusal = objection(key);
    if (refusal) {
      show(refusal, "bad");
      form.elements.key.focus();
      return;
    }
    keep("key", key);
    const button = form.querySelector("button");
    button.setAttribute("aria-busy", "true");
    show(words.sending, "busy");
    const started = performance.now();
    try {
      const response = await fetch(...request());
      const text = await response.text();
      const took = Math.max(1, Math.round(performance.now() - started));
      const body = JSON.parse(text);
      keepIds(body.data);
      show(
        `${response.status} ${body.error?.code ?? "OK"} ${words.took.replace("{ms}", took)}`,
        response.ok ? "good" : "bad",
        remarks(response.headers),
        JSON.stringify(body, null, 2),
      );
    } catch {
      show(words.silent, "bad");
    } finally {
      button.removeAttribute("aria-busy");
    }
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!form.querySelector("[aria-busy]")) send();
  });

  const openIfNamed = () => {
    if (location.hash === "#try") panel.open = true;
  };

  fill();
  openIfNamed();
  addEventListener("hashchange", openIfNamed);
}

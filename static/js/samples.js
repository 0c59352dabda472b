// The language of samples: choosing one chooses it for every sample, here and on the next page.
"use strict";
{
  const NAME = "nexotp.sample-language";

  const remembered = () => {
    try {
      return localStorage.getItem(NAME);
    } catch {
      return null; // storage may be forbidden; then nothing is remembered
    }
  };

  const remember = (language) => {
    try {
      localStorage.setItem(NAME, language);
    } catch {
      /* as above */
    }
  };

  const show = (language) => {
    for (const tabs of document.querySelectorAll(".samples__tabs")) {
      const inputs = [...tabs.querySelectorAll("input")];
      if (inputs.find((input) => input.checked)?.value === language) continue;
      const wanted = inputs.find((input) => input.value === language);
      if (wanted) wanted.checked = true;
    }
  };

  const language = remembered();
  if (language) show(language);

  document.addEventListener("change", (event) => {
    const chosen = event.target;
    if (!chosen.matches?.(".samples__tabs input")) return;
    // Samples above may grow or shrink; the one that was touched stays where it is.
    const before = chosen.getBoundingClientRect().top;
    remember(chosen.value);
    show(chosen.value);
    scrollBy(0, chosen.getBoundingClientRect().top - before);
  });
}

// The navigation beside a page begins where the page stands in it.
"use strict";
{
  const nav = document.querySelector(".docs-nav");
  const here = nav?.querySelector("[aria-current]");
  if (here) nav.scrollTop = Math.max(0, here.offsetTop - nav.clientHeight / 2);
}

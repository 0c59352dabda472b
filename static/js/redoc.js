// Redoc over the document that data-schema names. Its search would need a worker made from a
// text, which our policy forbids; ours is one page away.
"use strict";
{
  // Its footer fetches a logo from elsewhere; our policy would stop that, with a complaint.
  const setAttribute = HTMLImageElement.prototype.setAttribute;
  HTMLImageElement.prototype.setAttribute = function (name, value) {
    if (name === "src" && new URL(value, location.href).origin !== location.origin) return;
    setAttribute.call(this, name, value);
  };

  const place = document.getElementById("viewer");
  Redoc.init(
    place.dataset.schema,
    { disableSearch: true, hideDownloadButton: true, nativeScrollbars: true },
    place,
  );
}

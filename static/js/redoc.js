// Redoc over the document that data-schema names. Its search would need a worker made from a
// text, which our policy forbids; ours is one page away.
"use strict";
{
  // Its footer fetches a logo from elsewhere; our policy would stop that, with a complaint.
  const isOurs = (address) => new URL(address, location.href).origin === location.origin;
  const image = HTMLImageElement.prototype;
  const { setAttribute } = image;
  const { set: setSource, ...source } = Object.getOwnPropertyDescriptor(image, "src");
  image.setAttribute = function (name, value) {
    if (name !== "src" || isOurs(value)) setAttribute.call(this, name, value);
  };
  Object.defineProperty(image, "src", {
    ...source,
    set(value) {
      if (isOurs(value)) setSource.call(this, value);
      // As if it could not be had: then Redoc shows no picture at all.
      else setTimeout(() => this.dispatchEvent(new Event("error")));
    },
  });

  const place = document.getElementById("viewer");
  Redoc.init(
    place.dataset.schema,
    { disableSearch: true, hideDownloadButton: true, nativeScrollbars: true },
    place,
  );
}

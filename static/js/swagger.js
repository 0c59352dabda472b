// Swagger UI over the document that data-schema names, with the reader's sandbox key filled in.
"use strict";
{
  const place = document.getElementById("viewer");
  const ui = SwaggerUIBundle({
    url: place.dataset.schema,
    domNode: place,
    deepLinking: true,
    validatorUrl: null,
    tryItOutEnabled: true,
    onComplete: () => {
      if (place.dataset.key) ui.preauthorizeApiKey("bearer", place.dataset.key);
    },
  });
}

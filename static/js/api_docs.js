/* Draw the API's description. Requests tried here go out with this page's token against forgery. */
(function () {
  "use strict";

  const place = document.getElementById("api-description");
  window.SwaggerUIBundle({
    url: place.dataset.schema,
    domNode: place,
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    requestInterceptor: (request) => {
      if (new URL(request.url, location.href).origin === location.origin) {
        request.headers["X-CSRFToken"] = place.dataset.token;
      }
      return request;
    },
  });
})();

/* Questions about a situation change the page as one answers (htmx); this keeps what the exchange would lose. Also the print button. */
(function () {
  "use strict";

  // What is being typed is not replaced: leaving the field asks again.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "situation-fields") return;
    const active = document.activeElement;
    const typing = active && active.matches("#situation-fields input:not([type=radio], [type=checkbox])");
    event.detail.shouldSwap = !(typing && active.value !== active.defaultValue) && event.detail.xhr.status === 200;
  });

  // The header's forms lead back to the address as it is now, with the answers.
  document.addEventListener("htmx:afterSettle", () => {
    document.querySelectorAll("header input[name=next]").forEach((field) => {
      field.value = location.pathname + location.search;
    });
    showPrint();
  });

  function showPrint() {
    document.querySelectorAll("[data-print]").forEach((button) => (button.hidden = false));
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });
  showPrint();
})();

/* Questions about a situation change the page as one answers (htmx); this keeps what the exchange would lose. Also the print
   button, and a guide's parts: on a phone they are closed, so that the headings are a list of contents. */
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
    fold();
  });

  // A part stays as somebody left it when an answer changes the page; a link to something in it opens it.
  const phone = matchMedia("(max-width: 47.99em)");
  const opened = new Set();
  const parts = () => document.querySelectorAll(".guide-part");
  const nameOf = (part) => part.parentElement.id;

  function fold() {
    if (phone.matches) parts().forEach((part) => (part.open = opened.has(nameOf(part))));
    reveal();
  }

  function reveal() {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!target) return;
    const part = target.querySelector(":scope > .guide-part") || target.closest(".guide-part");
    if (!part || part.open) return;
    part.open = true;
    target.scrollIntoView();
  }

  document.addEventListener("toggle", (event) => {
    if (printing || !event.target.matches(".guide-part")) return;
    if (event.target.open) opened.add(nameOf(event.target));
    else opened.delete(nameOf(event.target));
  }, true);
  addEventListener("hashchange", reveal);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && link.hash === location.hash) reveal();
  });
  // What printing opens is not remembered as opened by somebody.
  let printing = false;
  addEventListener("beforeprint", () => {
    printing = true;
    parts().forEach((part) => (part.open = true));
  });
  addEventListener("afterprint", () => {
    fold();
    setTimeout(() => (printing = false));
  });

  function showPrint() {
    document.querySelectorAll("[data-print]").forEach((button) => (button.hidden = false));
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });
  showPrint();
  fold();
})();

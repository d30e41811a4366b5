/* What every page gains from JavaScript; all of it works without. */
(function () {
  "use strict";

  const typing = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;

  // The error summary is read first.
  const summary = document.getElementById("error-summary");
  if (summary) summary.focus();

  // A second click on the same button sends nothing. The server would file it once anyway.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.classList.contains("htmx-request")) {
      // The autosave under way comes first: two at once would look like a change from another window.
      event.preventDefault();
      form.addEventListener("htmx:afterRequest", () => form.requestSubmit(event.submitter), { once: true });
      return;
    }
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.dataset.sent) event.preventDefault();
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
  });

  // What somebody is filling in is not replaced under her hands, even if there is news; the page's own link brings it.
  const touched = (field) =>
    field === document.activeElement || field.checked !== field.defaultChecked ||
    (field.defaultValue !== undefined && field.value !== field.defaultValue);
  document.addEventListener("htmx:beforeSwap", (event) => {
    if ([...event.detail.target.querySelectorAll("input, textarea")].some(touched)) event.detail.shouldSwap = false;
  });

  // Whoever signs out leaves nothing of what she typed in this browser's windows (draft.js keeps it meanwhile).
  document.addEventListener("submit", (event) => {
    if (!(event.target.getAttribute("action") || "").endsWith("/logout/")) return;
    sessionStorage.clear();
    localStorage.setItem("signed-out", String(Date.now()));
  });

  // Keys: "?" shows the list, "/" goes to the search box, others press the element that names them (data-key).
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const keys = document.getElementById("keys");
    if (event.key === "?" && keys) {
      keys.showModal();
    } else if (event.key === "/") {
      const search = document.querySelector("[data-search], #site-search");
      if (!search) return;
      event.preventDefault();
      search.focus();
    } else if (!keys || !keys.open) {
      const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
      if (!target) return;
      event.preventDefault();
      target.focus();
      target.click();
    }
  });
})();

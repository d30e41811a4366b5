/* A section of the one form loses nothing that is typed: it is saved as it changes, and kept in this window while it
   cannot be (no connection, signed out), until it could be sent. Without JavaScript the page's button saves. */
(function () {
  "use strict";

  const PREFIX = "draft:"; // site.js clears these when somebody signs out
  const RETRY_SECONDS = [3, 5, 10, 20, 40, 60];
  const form = document.querySelector("form[data-draft]");
  const status = document.getElementById("autosave");

  // A section that was sent, and left for this page, arrived.
  const came = document.referrer ? new URL(document.referrer).pathname : "";
  for (const key of Object.keys(sessionStorage)) {
    if (!key.startsWith(PREFIX)) continue;
    const path = key.slice(key.indexOf(":", PREFIX.length) + 1);
    if (path === came && path !== location.pathname && read(key).submitted) sessionStorage.removeItem(key);
  }
  if (!form || !status) return;

  const key = `${PREFIX}${form.dataset.user}:${location.pathname}`;
  let saved = served(); // what the server has of this page, as far as this window knows
  let sent = null; // what the request under way carries
  let oldBase = {};
  let skipped = new Set(); // parts that changed elsewhere while somebody typed in them
  let swapped = new Set();
  let problem = "";
  let tries = 0;
  let timer = 0;
  let waiting = {}; // kept answers to questions that are not on the page yet

  function read(name) {
    try {
      return JSON.parse(sessionStorage.getItem(name)) || {};
    } catch {
      return {};
    }
  }

  function isAnswer(field) {
    return field.name && !["hidden", "submit", "button"].includes(field.type) && !field.name.startsWith("choose-");
  }

  function isBox(field) {
    return field.type === "checkbox" || field.type === "radio";
  }

  function values(valueOf = (field) => field.value, isOn = (field) => field.checked) {
    const found = {};
    for (const field of form.elements) {
      if (!isAnswer(field)) continue;
      found[field.name] ??= [];
      if (!isBox(field) || isOn(field)) found[field.name].push(valueOf(field));
    }
    return found;
  }

  // What came with the page. Somebody may have typed before this script was there; only kinds whose values a browser
  // leaves as they are tell that.
  function served() {
    const valueOf = (field) => (field.matches("input[type=text], textarea") ? field.defaultValue : field.value);
    return values(valueOf, (field) => field.defaultChecked);
  }

  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
  const fieldsOf = (name) => [...form.elements].filter((field) => field.name === name);
  const partOf = (field) => field.closest(".form-part");
  const partName = (part) => part.id.slice("part-".length);

  function unsaved() {
    const now = values();
    return Object.fromEntries(Object.entries(now).filter(([name, value]) => !same(value, saved[name])));
  }

  function base() {
    const input = form.elements.base;
    return Object.fromEntries((input ? input.value : "").split(" ").filter(Boolean).map((one) => one.split(":")));
  }

  function setBase(marks) {
    form.elements.base.value = Object.entries(marks).map(([name, mark]) => `${name}:${mark}`).join(" ");
  }

  function keep(submitted = false) {
    const fields = { ...waiting, ...unsaved() };
    if (!Object.keys(fields).length) return sessionStorage.removeItem(key);
    try {
      sessionStorage.setItem(key, JSON.stringify({ fields, base: base(), submitted }));
    } catch {
      // Full or forbidden: the page itself still holds everything, and says that it is not saved.
    }
  }

  // What was kept comes back into the page with the marks it was typed over, so that the server sees what changed since.
  function restore() {
    const copy = read(key);
    if (!copy.fields) return sendEarly();
    waiting = copy.fields;
    const marks = base();
    let changed = false;
    for (const [name, value] of Object.entries(waiting)) {
      const fields = fieldsOf(name);
      if (!fields.length) continue;
      delete waiting[name];
      if (same(values()[name], value)) continue;
      put(fields, value);
      const part = partName(partOf(fields[0]));
      if (part in copy.base) marks[part] = copy.base[part];
      changed = true;
    }
    if (!changed) return keep();
    setBase(marks);
    say("restored", false);
    keep();
    send();
  }

  // What was typed while the page was still loading caused events that nobody heard.
  function sendEarly() {
    if (!Object.keys(unsaved()).length) return;
    keep();
    send();
  }

  function put(fields, value) {
    fields.forEach((field, place) => {
      if (field.type === "checkbox" || field.type === "radio") field.checked = value.includes(field.value);
      else field.value = value[place] ?? value[0] ?? "";
    });
  }

  function say(kind, isProblem = true) {
    problem = isProblem ? kind : "";
    status.classList.toggle("is-problem", isProblem);
    status.textContent = status.dataset[kind];
    if (kind !== "signedOut") return;
    const link = document.createElement("a");
    Object.assign(link, { href: status.dataset.signInUrl, target: "_blank", rel: "noopener" });
    link.textContent = status.dataset.signIn;
    status.append(" ", link);
  }

  function send() {
    clearTimeout(timer);
    window.htmx.trigger(form, "keep");
  }

  function sendLater() {
    clearTimeout(timer);
    timer = setTimeout(reconnect, 1000 * RETRY_SECONDS[Math.min(tries, RETRY_SECONDS.length - 1)]);
    tries += 1;
  }

  // The page's token may be old (somebody signed in again), so a fresh one is fetched before what was kept is sent.
  async function reconnect() {
    clearTimeout(timer);
    let answer;
    try {
      answer = await fetch(location.pathname, { credentials: "same-origin", cache: "no-store" });
    } catch {
      say("offline");
      return sendLater();
    }
    if (answer.redirected && new URL(answer.url).pathname !== location.pathname) return say("signedOut");
    if (answer.status === 404) return say("gone");
    if (!answer.ok) {
      say("failed");
      return sendLater();
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("form[data-draft]");
    if (!fresh || fresh.dataset.user !== form.dataset.user) return say("gone");
    const token = fresh.elements.csrfmiddlewaretoken.value;
    document.querySelectorAll("input[name=csrfmiddlewaretoken]").forEach((field) => (field.value = token));
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
    send();
  }

  form.addEventListener("input", () => keep());
  form.addEventListener("change", () => keep());
  form.addEventListener("submit", () => keep(true));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      if (!problem && !sent && Object.keys(unsaved()).length) {
        const headers = { "HX-Request": "true" };
        fetch(location.pathname, { method: "POST", body: new FormData(form), keepalive: true, headers }).catch(() => {});
      }
    } else if (problem === "signedOut") {
      reconnect();
    }
  });
  window.addEventListener("focus", () => problem === "signedOut" && reconnect());
  window.addEventListener("online", () => problem && reconnect());
  window.addEventListener("storage", (event) => {
    if (event.key === "signed-out") sessionStorage.clear();
  });
  window.addEventListener("beforeunload", (event) => {
    if (problem && Object.keys(unsaved()).length && !form.dataset.sent) event.preventDefault();
  });

  form.addEventListener("htmx:beforeRequest", () => {
    sent = values();
    oldBase = base();
    skipped = new Set();
    swapped = new Set();
  });
  // Signed out: the page says so instead of going away with everything on it.
  form.addEventListener("htmx:beforeOnLoad", (event) => {
    if (event.detail.xhr.status === 401) event.preventDefault();
  });
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const part = event.detail.target;
    if (!part.classList.contains("form-part")) return;
    const typing = (field) => field === document.activeElement && field.matches("textarea, input:not([type=radio], [type=checkbox])");
    const now = values();
    const busy = [...part.querySelectorAll("input, select, textarea")].filter(isAnswer);
    if (busy.some((field) => typing(field) || !same(now[field.name], (sent || {})[field.name]))) {
      event.detail.shouldSwap = false;
      skipped.add(partName(part));
    } else {
      swapped.add(partName(part));
    }
  });
  form.addEventListener("htmx:afterRequest", (event) => {
    const code = event.detail.xhr.status;
    const carried = sent || {};
    sent = null;
    if (!event.detail.successful) return failed(code);
    problem = "";
    tries = 0;
    const now = values();
    for (const name of Object.keys(now)) {
      const part = partOf(fieldsOf(name)[0]);
      if (part && swapped.has(partName(part))) saved[name] = now[name];
      else if (part && part.querySelector(".contested")) delete saved[name];
      else if (name in carried) saved[name] = carried[name];
    }
    if (skipped.size) {
      const marks = base();
      for (const name of skipped) if (name in oldBase) marks[name] = oldBase[name];
      setBase(marks);
    }
    status.classList.toggle("is-problem", status.querySelector("[data-problem]") !== null);
    keep();
    if (Object.keys(waiting).length) restore();
  });

  function failed(code) {
    keep();
    if (code === 401) return say("signedOut");
    if (code === 403) return reconnect();
    if (code === 404) return say("gone");
    say(code ? "failed" : "offline");
    return sendLater();
  }

  // A browser puts the values of a page it reloads back by itself; those are not the server's.
  for (const part of form.querySelectorAll(".form-part")) {
    if (!part.querySelector(".contested")) continue;
    for (const field of part.querySelectorAll("input, select, textarea")) delete saved[field.name];
  }
  const added = form.querySelector("[data-row-added]");
  if (added) added.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  document.addEventListener("DOMContentLoaded", restore); // htmx, which came first, knows the form by then
})();

/* Documents on a page: chosen, dropped, pasted or photographed files go at once, each with its bar. Without this, forms do. */
(function () {
  "use strict";

  const words = document.getElementById("upload-words");
  if (!words || !window.inParts) return;
  const { ask, send } = window.inParts;
  const say = (key, values) => words.dataset[key].replace(/\{(\w+)\}/g, (_all, name) => values[name]);
  const status = document.getElementById("upload-status");
  let sending = 0;
  const queues = new WeakMap(); // one file of a document after the other
  let last = null;

  // One line per file on its way: name, bar, what goes on, and a button that gives it up.
  function line(box, file) {
    const element = words.querySelector("template").content.firstElementChild.cloneNode(true);
    const [bar, note] = [element.querySelector("progress"), element.querySelector("[data-note]")];
    const item = { element, given: false, url: "", part: Number(words.dataset.part) };
    // What nobody sees in a name could make it look like another.
    element.querySelector("[data-name]").textContent = file.name.replace(/[\p{Cc}\p{Cf}]/gu, "\ufffd");
    bar.setAttribute("aria-label", file.name);
    item.say = (key) => {
      const text = say(key, {});
      if (note.textContent !== text) status.textContent = `${file.name}: ${text}`;
      note.textContent = text;
    };
    item.progress = (offset, size) => {
      bar.value = size ? (100 * offset) / size : 0;
      note.textContent = offset < size ? say("sent", { percent: Math.floor(bar.value) }) : say("checking", {});
    };
    item.fail = (text) => {
      element.classList.add("is-refused");
      bar.remove();
      element.querySelector("button").textContent = say("dismiss", {});
      note.setAttribute("role", "alert");
      note.textContent = text;
    };
    element.querySelector("button").addEventListener("click", () => {
      item.given = true;
      element.remove();
      if (item.url) ask(item.url, "DELETE", {}).then(() => refresh(box));
    });
    box.querySelector("[data-sending]").append(element);
    return item;
  }

  function problem(file, box) {
    const extension = file.name.trim().split(".").pop().toLowerCase();
    if (!box.dataset.accept.split(",").includes(`.${extension}`)) return say("kind", { kinds: box.dataset.kinds });
    if (file.size > Number(box.dataset.bytes)) return say("large", { megabytes: box.dataset.megabytes });
    return file.size ? "" : say("empty", {});
  }

  async function refresh(box) {
    const answer = await ask(box.dataset.files, "GET", {}).catch(() => null);
    const old = document.getElementById(box.dataset.target);
    if (!answer || !answer.ok || !old) return;
    const fresh = document.createRange().createContextualFragment(await answer.text());
    old.replaceWith(fresh);
    const now = document.getElementById(box.dataset.target);
    if (window.htmx) htmx.process(now);
    box.hidden = now.dataset.full === "yes";
    document.dispatchEvent(new CustomEvent("documents-changed"));
  }

  async function take(files, box, replaces) {
    for (const file of files) {
      const item = line(box, file);
      const wrong = problem(file, box);
      if (wrong) {
        item.fail(wrong);
        continue;
      }
      sending += 1;
      const turn = (queues.get(box) || Promise.resolve()).then(() => send(item, file, box.dataset.begin, replaces || "")).then(() => {
        item.element.remove();
        status.textContent = say("done", { name: file.name });
      }, (error) => item.given || item.fail(error.message || say("failed", {}))).finally(() => {
        sending -= 1;
        return refresh(box);
      });
      queues.set(box, turn);
    }
  }

  const boxOf = (element) => element && element.closest("[data-document]")?.querySelector("[data-upload]");
  document.querySelectorAll("[data-upload]").forEach((box) => {
    box.classList.add("is-live");
    box.querySelector(".upload-input").classList.add("visually-hidden");
  });
  document.addEventListener("change", (event) => {
    const box = event.target.type === "file" && boxOf(event.target);
    if (!box) return;
    take([...event.target.files], box, event.target.dataset.replaces);
    event.target.value = "";
  });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-take-back], [data-give-up]");
    if (!button) return;
    event.preventDefault();
    const box = boxOf(button);
    if (button.dataset.giveUp) await ask(button.dataset.giveUp, "DELETE", {}).catch(() => null);
    else await ask(button.dataset.takeBack, "POST", {}, new URLSearchParams({ upload: button.value })).catch(() => null);
    await refresh(box);
    status.textContent = say("removed", {});
    document.getElementById(box.dataset.target).focus();
  });

  // Drag and drop anywhere on a document; paste goes to the one last used, else to the first.
  const hasFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    document.querySelectorAll(".is-over").forEach((one) => one.classList.remove("is-over"));
    event.target.closest("[data-document]")?.classList.add("is-over");
  });
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault(); // beside a document the browser would open the file instead of the page
    document.querySelectorAll(".is-over").forEach((one) => one.classList.remove("is-over"));
    const box = boxOf(event.target);
    if (box) take([...event.dataTransfer.files], box);
  });
  const used = (event) => (last = boxOf(event.target) || last);
  document.addEventListener("focusin", used);
  document.addEventListener("pointerover", used);
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files || [])];
    const box = last || document.querySelector("[data-upload]");
    if (files.length && box) take(files, box);
  });
  addEventListener("beforeunload", (event) => {
    if (sending) event.preventDefault();
  });
})();

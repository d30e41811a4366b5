/* Send a file in parts by the tus protocol 1.0: what was interrupted goes on by itself, or once it is chosen again. */
(function () {
  "use strict";

  const field = "input[name=csrfmiddlewaretoken]";
  let token = document.querySelector(field)?.value;
  const pause = (seconds) => new Promise((done) => {
    setTimeout(done, seconds * 1000);
    addEventListener("online", done, { once: true });
  });
  const ask = (url, method, headers, body) => fetch(url, {
    method, body, headers: { "Tus-Resumable": "1.0.0", "X-CSRFToken": token, "HX-Request": "true", ...headers },
  });
  const encoded = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

  // Who signs in again, in another tab perhaps, has a new token.
  async function renewed() {
    const answer = await fetch(location.href, { redirect: "manual" }).catch(() => null);
    if (!answer || !answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    token = page.querySelector(field)?.value || token;
  }

  async function fingerprint(file) {
    if (!crypto.subtle) return "";
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    return btoa(String.fromCharCode(...digest));
  }

  // Ask until there is an answer: no connection, or a server that is busy or restarting, is waited for.
  async function answered(item, request) {
    for (let wait = 1; ; wait = Math.min(wait * 2, 30)) {
      if (item.given) throw new Error("");
      const answer = await request().catch(() => null);
      if (answer && [401, 403].includes(answer.status)) {
        item.say("signedOut");
        await renewed();
      } else if (answer && answer.status !== 423 && answer.status < 500) return answer;
      else item.say(answer ? "busy" : "offline");
      await pause(wait);
    }
  }

  async function refusal(answer) {
    const told = await answer.json().catch(() => null);
    return new Error(told ? told.message : "");
  }

  // item: say(word) tells how it stands, progress(sent, all) how far, given is true once it was given up, part the most
  // bytes at once. Begun before with the same name and content, it goes on where it stopped. Throws what the server said.
  async function send(item, file, begin, replaces) {
    item.say("preparing");
    const about = { filename: file.name, filetype: file.type, sha256: await fingerprint(file), replaces };
    const pairs = Object.entries(about).filter(([, value]) => value).map(([key, value]) => `${key} ${encoded(value)}`);
    const announced = { "Upload-Length": file.size, "Upload-Metadata": pairs.join(",") };
    const begun = await answered(item, () => ask(begin, "POST", announced));
    if (begun.status !== 201) throw await refusal(begun);
    item.url = begun.headers.get("Location");
    let offset = Number(begun.headers.get("Upload-Offset"));
    let size = 256 * 1024;
    do {
      item.progress(offset, file.size);
      const from = offset;
      const started = Date.now();
      const part = { "Upload-Offset": from, "Content-Type": "application/offset+octet-stream" };
      const answer = await answered(item, () => ask(item.url, "PATCH", part, file.slice(from, from + size)));
      if (answer.status !== 204 && answer.status !== 409) throw await refusal(answer);
      offset = Number(answer.headers.get("Upload-Offset"));
      if (Date.now() - started < 1000) size = Math.min(size * 2, item.part);
    } while (offset < file.size);
  }

  window.inParts = { ask, send };
})();

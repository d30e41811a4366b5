/* Draws the BPMN of a [data-process] element (the address of the XML) with bpmn-js' viewer, in the page's language.
   The viewer is large: it is loaded when somebody presses the button that names the element (data-draw). Without it the steps stay as a list. */
(function () {
  "use strict";

  const ENGLISH = "urn:one-stop:bpmn:1";

  /* The file carries Chinese names, and the English ones beside them (os:nameEn). */
  function inPageLanguage(source) {
    if (!document.documentElement.lang.startsWith("en")) return source;
    const xml = new DOMParser().parseFromString(source, "application/xml");
    for (const element of xml.getElementsByTagName("*")) {
      const name = element.getAttributeNS(ENGLISH, "nameEn");
      if (name) element.setAttribute("name", name);
    }
    return new XMLSerializer().serializeToString(xml);
  }

  function loaded(element) {
    return new Promise((done, failed) => {
      element.addEventListener("load", done);
      element.addEventListener("error", () => failed(new Error("not loaded")));
      document.head.append(element);
    });
  }

  function style(address) {
    return loaded(Object.assign(document.createElement("link"), { rel: "stylesheet", href: address }));
  }

  async function loadViewer(canvas) {
    if (window.BpmnJS) return;
    const script = Object.assign(document.createElement("script"), { src: canvas.dataset.viewer });
    await Promise.all([loaded(script), ...canvas.dataset.styles.split(" ").map(style)]);
  }

  function showWhole(viewer) {
    const canvas = viewer.get("canvas");
    canvas.zoom("fit-viewport", "auto");
    canvas.zoom(canvas.zoom() * 0.95, "auto");
  }

  async function draw(canvas) {
    const [response] = await Promise.all([
      fetch(canvas.dataset.process, { headers: { Accept: "application/xml" } }),
      loadViewer(canvas),
    ]);
    if (!response.ok) throw new Error(`${response.status}`);
    canvas.hidden = false;
    const viewer = new window.BpmnJS({ container: canvas });
    await viewer.importXML(inPageLanguage(await response.text()));
    showWhole(viewer);
    document.querySelectorAll(`[data-zoom="${canvas.id}"]`).forEach((button) => {
      button.hidden = false;
      button.addEventListener("click", () => {
        if (button.value === "fit") showWhole(viewer);
        else viewer.get("zoomScroll").stepZoom(button.value === "in" ? 1 : -1);
      });
    });
  }

  document.querySelectorAll("[data-draw]").forEach((button) => {
    const canvas = document.getElementById(button.dataset.draw);
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        await draw(canvas);
        button.hidden = true;
        document.querySelector(`[data-zoom="${canvas.id}"]`).focus();
      } catch {
        canvas.hidden = true;
        button.disabled = false;
        document.getElementById(`${canvas.id}-failed`).hidden = false;
      }
    });
  });
})();

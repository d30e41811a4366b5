/* Draws the BPMN of every [data-process] element (the address of the XML) with bpmn-js' viewer, in the page's language; without it the steps stay as a list. */
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

  function showWhole(viewer) {
    const canvas = viewer.get("canvas");
    canvas.zoom("fit-viewport", "auto");
    canvas.zoom(canvas.zoom() * 0.95, "auto");
  }

  async function draw(canvas) {
    const response = await fetch(canvas.dataset.process, { headers: { Accept: "application/xml" } });
    if (!response.ok) throw new Error(`${response.status}`);
    const viewer = new window.BpmnJS({ container: canvas });
    await viewer.importXML(inPageLanguage(await response.text()));
    showWhole(viewer);
    document.querySelectorAll(`[data-zoom="${canvas.id}"]`).forEach((button) => {
      button.addEventListener("click", () => {
        if (button.value === "fit") showWhole(viewer);
        else viewer.get("zoomScroll").stepZoom(button.value === "in" ? 1 : -1);
      });
    });
  }

  document.querySelectorAll("[data-process]").forEach((canvas) => {
    draw(canvas).catch(() => {
      canvas.hidden = true;
      const note = document.getElementById(`${canvas.id}-failed`);
      if (note) note.hidden = false;
    });
  });
})();

/* Draws the BPMN of every [data-process] element (the address of the XML) with bpmn-js' viewer; without it the steps stay as a list. */
(function () {
  "use strict";

  async function draw(canvas) {
    const response = await fetch(canvas.dataset.process, { headers: { Accept: "application/xml" } });
    if (!response.ok) throw new Error(`${response.status}`);
    const viewer = new window.BpmnJS({ container: canvas });
    await viewer.importXML(await response.text());
    viewer.get("canvas").zoom("fit-viewport", "auto");
    document.querySelectorAll(`[data-zoom="${canvas.id}"]`).forEach((button) => {
      button.addEventListener("click", () => {
        if (button.value === "fit") viewer.get("canvas").zoom("fit-viewport", "auto");
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

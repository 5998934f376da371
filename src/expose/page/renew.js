"use strict";
// Renews what a person looks at: only while the page is visible and nothing in it is being used.
(() => {
  const pause = 15000;
  const renew = async () => {
    const main = document.querySelector("main");
    const busy = main.contains(document.activeElement) || main.querySelector("details[open]") || String(getSelection());
    if (document.hidden || busy) return;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
      if (fresh) main.replaceChildren(...fresh.childNodes);
    } catch {
      // Tollgate restarts; the next time will do.
    }
  };
  setInterval(renew, pause);
})();

// Keeps the numbers of the flow fresh: asks for the same HTML each second and puts in what has changed.
(() => {
  const live = document.getElementById("live");
  const stale = document.getElementById("stale");
  const keys = (root) => [...root.querySelectorAll("[data-live]")].map((each) => each.dataset.live).join("\n");

  function show(fresh) {
    const problems = fresh.querySelector(".problems");
    const shown = live.querySelector(".problems");
    const sameProblems = problems.textContent === shown.textContent;
    if (keys(fresh) !== keys(live)) {
      live.replaceChildren(...fresh.childNodes);
      return;
    }
    if (!sameProblems) shown.replaceChildren(...problems.childNodes);
    const found = fresh.querySelectorAll("[data-live]");
    live.querySelectorAll("[data-live]").forEach((each, number) => {
      if (each.textContent !== found[number].textContent) each.textContent = found[number].textContent;
    });
    const meter = live.querySelector("meter");
    if (meter) meter.value = fresh.querySelector("meter").value;
  }

  async function ask() {
    if (document.visibilityState === "visible") {
      try {
        const answer = await fetch(live.dataset.from, { signal: AbortSignal.timeout(5000) });
        if (!answer.ok) throw new Error(String(answer.status));
        show(new DOMParser().parseFromString(await answer.text(), "text/html").body);
        stale.hidden = true;
      } catch {
        stale.hidden = false;
      }
    }
    setTimeout(ask, 1000);
  }
  setTimeout(ask, 1000);
})();

// What can be done by keys. Every page works without this.
(() => {
  const byId = (id) => document.getElementById(id);

  // opened has a dialog open, if the page has it.
  const opened = (id) => {
    const dialog = byId(id);
    if (!dialog) return false;
    if (!dialog.open) dialog.showModal();
    dialog.querySelector("input")?.select();
    return true;
  };

  // found shows what the text names: the part of the page /find that says so.
  let asked = 0, shown = "";
  const found = async (text) => {
    const mine = ++asked;
    const answer = await fetch("/find?q=" + encodeURIComponent(text), { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const hits = page.getElementById("found");
    if (mine !== asked || !hits || !byId("hits")) return;
    byId("hits").replaceChildren(...hits.childNodes);
    window.htmx?.process(byId("hits"));
    shown = text;
  };
  let pause;
  document.addEventListener("input", (e) => {
    if (!e.target.matches("#find input")) return;
    clearTimeout(pause);
    pause = setTimeout(() => found(e.target.value).catch(() => {}), 120);
  });

  // moved goes through the hits by arrows, from and to what is typed, and to the first of
  // them by Enter.
  const moved = (e, dialog) => {
    const stops = [dialog.querySelector("input"), ...dialog.querySelectorAll("#hits a")];
    if (e.key === "Enter" && e.target === stops[0] && e.target.value === shown && stops[1]) {
      e.preventDefault();
      stops[1].click();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (!step) return;
    e.preventDefault();
    stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length].focus();
  };

  let before = "";
  document.addEventListener("keydown", (e) => {
    const key = e.key, find = e.target.closest?.("#find"), first = before;
    before = "";
    if ((e.ctrlKey || e.metaKey) && !e.altKey && key.toLowerCase() === "k") {
      if (opened("find")) {
        e.preventDefault();
        found(byId("find").querySelector("input").value).catch(() => {});
      }
    } else if (find) {
      moved(e, find);
    } else if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest?.("input, textarea, select, dialog")) {
      return;
    } else if (key === "?") {
      opened("keys");
    } else if (key === "/") {
      const search = document.querySelector("main input[type=search]");
      if (search ? (search.focus(), true) : opened("find")) e.preventDefault();
    } else if (first === "g") {
      document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.click();
    } else {
      before = key;
    }
  });

  document.addEventListener("click", (e) => {
    const opens = e.target.closest?.("[data-opens]");
    if (opens && !e.ctrlKey && !e.metaKey && opened(opens.dataset.opens)) {
      e.preventDefault();
      e.stopPropagation();
      if (opens.dataset.opens === "find") found("").catch(() => {});
    } else if (e.target.closest?.("[data-closes]") || e.target.closest?.("#hits a")) {
      e.target.closest("dialog")?.close();
    }
  }, true);
})();

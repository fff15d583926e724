// What can be done by keys. Every page works without this.
(() => {
  const finder = () => document.querySelector("dialog.find");

  // opened has a dialog open, if the page has it.
  const opened = (name) => {
    const dialog = document.querySelector("dialog." + name);
    if (!dialog) return false;
    if (!dialog.open) dialog.showModal();
    const input = dialog.querySelector("input");
    if (input) {
      input.select();
      found(input.value);
    }
    return true;
  };

  // found shows what the text names: the part of the page /find that says so.
  let asked = 0, pause;
  const found = async (text) => {
    const mine = ++asked;
    clearTimeout(pause);
    try {
      const answer = await fetch("/find?q=" + encodeURIComponent(text));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const hits = page.getElementById("found"), here = finder()?.querySelector(".hits-here");
      if (mine !== asked || !hits || !here) return;
      here.replaceChildren(...hits.childNodes);
      window.htmx?.process(here);
    } catch {} // the server is away: what was found before stays
  };
  document.addEventListener("input", (e) => {
    if (!e.target.matches("dialog.find input")) return;
    clearTimeout(pause);
    pause = setTimeout(() => found(e.target.value), 120);
  });

  // What is inserted comes to where one writes, and what stands there already stays.
  document.addEventListener("submit", async (e) => {
    const text = e.target.matches("[data-inserts]") && document.querySelector("main .write textarea");
    if (!text || !text.value) return;
    e.preventDefault();
    e.stopPropagation();
    try {
      const answer = await fetch(e.target.action + "?" + new URLSearchParams(new FormData(e.target)));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      text.setRangeText(page.querySelector(".write textarea")?.value ?? "", text.selectionStart, text.selectionEnd, "end");
      text.focus();
    } catch {} // the server is away: nothing is lost
  }, true);

  // By Enter one goes to the first that the text names.
  document.addEventListener("submit", (e) => {
    if (!e.target.matches("dialog.find form")) return;
    e.preventDefault();
    found(e.target.elements.q.value).then(() => finder()?.querySelector(".hits-here a")?.click());
  });

  // moved goes through the hits by arrows, from and to what is typed.
  const moved = (e, dialog) => {
    const stops = [dialog.querySelector("input"), ...dialog.querySelectorAll(".hits-here a")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (!step) return;
    e.preventDefault();
    stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length].focus();
  };

  // walked goes to the row below or above in the page's list.
  const walked = (key) => {
    const step = { j: 1, k: -1 }[key], rows = [...document.querySelectorAll("main .list tbody th > a")];
    if (!step || !rows.length) return false;
    const at = rows.indexOf(document.activeElement);
    rows[at < 0 ? 0 : Math.min(Math.max(at + step, 0), rows.length - 1)].focus();
    return true;
  };

  // pressed does what the page has a key for: it presses a button, or begins to write.
  const pressed = (key) => {
    const at = document.querySelector(`main [data-press="${CSS.escape(key)}"]`);
    if (!at) return false;
    if (at.matches("summary")) at.parentElement.open = true;
    const text = at.matches("textarea") ? at : at.closest("details")?.querySelector("textarea");
    text ? text.focus() : at.click();
    return true;
  };

  // picked chooses the row that was gone to, or lets it go.
  const picked = (key) => {
    const box = key === "x" && document.activeElement?.closest("main tr")?.querySelector("input[type=checkbox]");
    if (box) box.click();
    return Boolean(box);
  };

  // By the box above them all of a list are chosen.
  document.addEventListener("change", (e) => {
    if (!e.target.matches("[data-picks-all]")) return;
    for (const box of e.target.form.querySelectorAll("tbody input[type=checkbox]")) box.checked = e.target.checked;
  });

  let before = "";
  document.addEventListener("keydown", (e) => {
    const key = e.key, find = e.target.closest?.("dialog.find"), first = before;
    before = "";
    if ((e.ctrlKey || e.metaKey) && !e.altKey && key.toLowerCase() === "k") {
      if (opened("find")) e.preventDefault();
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
    } else if (walked(key) || picked(key) || pressed(key)) {
      e.preventDefault();
    } else {
      before = key;
    }
  });

  document.addEventListener("click", (e) => {
    const opens = e.target.closest?.("[data-opens]");
    if (opens && !e.ctrlKey && !e.metaKey && opened(opens.dataset.opens)) {
      e.preventDefault();
      e.stopPropagation();
    } else if (e.target.closest?.("[data-closes], .hits-here a")) {
      e.target.closest("dialog")?.close();
    }
  }, true);
})();

// Keeps a page as the shop is: what the server sends of it, when it has changed, takes the
// place of what is shown, piece by piece, so that what a person reads or has chosen stays.
(() => {
  "use strict";
  let of, source;
  const charts = new Map();

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const kept = (node) => node.nodeName === "CANVAS";

  const become = (was, is) => {
    if (was.isEqualNode(is) || kept(was)) return;
    if (was.nodeType !== Node.ELEMENT_NODE) { was.nodeValue = is.nodeValue; return; }
    for (const { name, value } of is.attributes) if (was.getAttribute(name) !== value) was.setAttribute(name, value);
    for (const name of was.getAttributeNames()) if (!is.hasAttribute(name) && name !== "open") was.removeAttribute(name);
    parts(was, is);
  };

  const parts = (was, is) => {
    const olds = [...was.childNodes];
    [...is.childNodes].forEach((child, i) => {
      const old = olds[i];
      if (!old) was.append(child);
      else if (old.nodeName === child.nodeName) become(old, child);
      else old.replaceWith(child);
    });
    olds.slice(is.childNodes.length).forEach((node) => node.remove());
  };

  const series = [["Placed", "--press"], ["Shipped", "--good"]];

  const read = (table) => {
    const heads = [...table.tHead.rows[0].cells].map((c) => c.textContent);
    const rows = [...table.tBodies[0].rows].map((r) => [...r.cells].map((c) => c.textContent));
    return {
      labels: rows.map((r) => r[0]),
      datasets: series.map(([label, tone]) => ({ label, data: rows.map((r) => Number(r[heads.indexOf(label)])), backgroundColor: colour(tone), borderRadius: 2 })),
    };
  };

  const draw = () => {
    if (!of || !window.Chart) return;
    Chart.defaults.color = colour("--quiet");
    Chart.defaults.borderColor = colour("--line");
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    for (const canvas of of.querySelectorAll(".chart canvas")) {
      const data = read(canvas.closest("section").querySelector(".moments"));
      const drawn = charts.get(canvas);
      if (drawn) {
        drawn.data.labels = data.labels;
        data.datasets.forEach((set, i) => Object.assign(drawn.data.datasets[i], set));
        drawn.update("none");
        continue;
      }
      charts.set(canvas, new Chart(canvas, {
        type: "bar",
        data,
        options: {
          animation: false,
          maintainAspectRatio: false,
          interaction: { mode: "index", intersect: false },
          scales: { x: { grid: { display: false }, ticks: { maxRotation: 0, autoSkipPadding: 16 } }, y: { beginAtZero: true, border: { display: false }, ticks: { precision: 0 }, suggestedMax: 4 } },
          plugins: { legend: { align: "start", labels: { boxWidth: 10, boxHeight: 10 } } },
        },
      }));
    }
  };

  const stop = () => {
    source?.close();
    charts.forEach((chart) => chart.destroy());
    charts.clear();
    of = source = undefined;
  };

  const look = () => {
    const live = document.querySelector("[data-live]");
    if (live === of) return;
    stop();
    if (!live) return;
    of = live;
    if (window.Chart) draw();
    else if (!document.querySelector("script[data-chart]")) {
      const script = document.createElement("script");
      script.src = live.dataset.charts;
      script.dataset.chart = "";
      script.onload = draw;
      document.head.append(script);
    }
    source = new EventSource(live.dataset.live);
    source.onmessage = (e) => {
      const sent = document.createElement("template");
      sent.innerHTML = e.data;
      parts(live, sent.content);
      draw();
    };
  };

  document.addEventListener("htmx:after:settle", look);
  document.addEventListener("htmx:after:history:update", look);
  addEventListener("pagehide", stop);
  addEventListener("pageshow", look);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    charts.forEach((chart) => chart.destroy());
    charts.clear();
    draw();
  });
  look();
})();

// Draws every figure of the page by the configuration that lies beside it.
(() => {
  "use strict";
  const root = document.documentElement;
  const drawn = [];
  const colour = (tone) => getComputedStyle(root).getPropertyValue("--" + tone).trim();

  const dataset = ({ look, tone, ...set }) => ({
    ...set,
    ...look,
    borderColor: colour(tone),
    backgroundColor: colour(tone),
    pointBackgroundColor: colour(look.hollow ? "surface" : tone),
    pointBorderWidth: 2,
    pointHoverRadius: look.pointRadius + 2,
    pointHitRadius: 8,
    borderSkipped: false,
    inflateAmount: 0,
    clip: 8,
    borderJoinStyle: "round",
  });

  const scale = ({ quiet, whole, marks, ...axis }) => ({
    ...axis,
    grid: { display: !quiet },
    border: { display: false },
    ticks: {
      autoSkip: true,
      autoSkipPadding: 12,
      maxRotation: 0,
      ...(whole && { precision: 0 }),
      ...(marks && { callback: (_, i, ticks) => ticks[i].label }),
    },
    ...(marks && { afterBuildTicks: (s) => { s.ticks = marks.map((m) => ({ ...m })); } }),
  });

  const options = ({ indexAxis, legend, scales }) => ({
    indexAxis,
    locale: "en-GB",
    animation: false,
    maintainAspectRatio: false,
    interaction: { mode: "index", axis: indexAxis, intersect: false },
    scales: Object.fromEntries(Object.entries(scales).map(([name, axis]) => [name, scale(axis)])),
    plugins: {
      legend: {
        display: legend,
        align: "start",
        labels: { usePointStyle: true, boxHeight: 7, filter: (item, data) => data.datasets[item.datasetIndex].texts },
      },
      tooltip: {
        displayColors: false,
        filter: (item) => item.dataset.texts,
        callbacks: { label: (item) => item.dataset.texts[item.dataIndex] },
      },
    },
  });

  const draw = () => {
    drawn.splice(0).forEach((chart) => chart.destroy());
    root.classList.add("drawn");
    Chart.defaults.color = colour("muted");
    Chart.defaults.borderColor = colour("line");
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    for (const figure of document.querySelectorAll("figure")) {
      const { type, data, options: opts } = JSON.parse(figure.querySelector("script").textContent);
      data.datasets = data.datasets.map(dataset);
      drawn.push(new Chart(figure.querySelector("canvas"), { type, data, options: options(opts) }));
    }
  };

  // Paper is light and narrow, whatever the screen is.
  const paper = (on) => () => {
    root.classList.toggle("paper", on);
    draw();
  };

  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  addEventListener("beforeprint", paper(true));
  addEventListener("afterprint", paper(false));
})();

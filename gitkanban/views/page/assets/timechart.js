// Runs by slot over time, and the forecast of `simulate` after now. Colour is never all that tells.

const LANES_MOST = 40;
const SPANS = [["10 min", 600], ["1 h", 3600], ["3 h", 10800], ["6 h", 21600], ["24 h", 86400], ["7 d", 604800], ["30 d", 2592000]];
const LANE = 26;
let chartSpan = 0;

function chartBars() {
  const running = cards.filter((card) => card.group === "running" && card.slot)
    .map((card) => ({ card: card.id, slot: card.slot, from: card.started || card.since || value.now, to: value.now, kind: "running" }));
  const past = value.runs.map(([card, slot, , from, to, outcome]) => ({ card, slot, from, to, outcome, kind: outcome === "succeeded" ? "good" : "bad" }));
  const coming = (value.forecast ? value.forecast.bars : []).map(([card, slot, , from, to, ran]) => ({ card, slot, from: ran ? value.now : from, to, kind: "coming" }));
  return [...past, ...running, ...coming].filter((bar) => bar.slot);
}

// The shortest span that shows the last runs and what is to come.
function fittingSpan(bars) {
  const latest = bars.filter((bar) => bar.kind !== "coming").slice(0, 30);
  const reach = Math.max(0, ...latest.map((bar) => value.now - bar.from), ...bars.filter((bar) => bar.kind === "coming").map((bar) => (bar.to - value.now) / 2));
  return (SPANS.find(([, size]) => size >= reach) || SPANS[SPANS.length - 1])[1];
}

function timechart() {
  const bars = chartBars();
  if (!bars.length) return null;
  chartSpan = chartSpan || fittingSpan(bars);
  const holder = h("div", { class: "chart-box" });
  const legend = h("p", { class: "legend" });
  const draw = () => holder.replaceChildren(...drawChart(bars, holder.clientWidth || 640, legend));
  const choose = h("select", { "aria-label": "How far back", onchange: (event) => {
    chartSpan = Number(event.target.value);
    draw();
  } }, SPANS.map(([name, size]) => h("option", { value: size, selected: size === chartSpan }, name)));
  const part = section("time", "Time", "", h("div", { class: "controls" }, h("label", null, "the last ", choose)), holder, legend);
  whenSeen(holder, draw);
  let width = 0;
  new ResizeObserver(() => {
    if (undrawn.has(holder) || Math.abs(holder.clientWidth - width) < 4) return;
    width = holder.clientWidth;
    draw();
  }).observe(holder);
  return part;
}

function drawChart(bars, total, legend) {
  const from = value.now - chartSpan;
  const ahead = Math.max(0, ...bars.filter((bar) => bar.kind === "coming").map((bar) => bar.to - value.now));
  const until = value.now + Math.min(Math.max(ahead, chartSpan * 0.04), chartSpan);
  const inView = bars.filter((bar) => bar.to >= from && bar.from <= until);
  const slots = [...new Set(inView.map((bar) => bar.slot))].sort((one, other) => one.localeCompare(other, undefined, { numeric: true }));
  const lanes = slots.slice(0, LANES_MOST);
  const left = Math.min(150, Math.max(60, ...lanes.map((lane) => [...lane].length * 7 + 12)), total * 0.3);
  const scale = (at) => left + ((Math.min(Math.max(at, from), until) - from) / (until - from)) * (total - left - 6);
  const height = lanes.length * LANE + 26;
  const drawn = [...axis(from, until, scale, height)];
  lanes.forEach((lane, number) => {
    const y = number * LANE + 4;
    drawn.push(s("line", { x1: left, x2: total - 6, y1: y + LANE - 4, y2: y + LANE - 4, class: "lane" }),
      s("text", { x: 0, y: y + 14, class: "lane-name" }, s("title", null, lane), short(lane, Math.floor(left / 7))));
    for (const bar of inView) if (bar.slot === lane) drawn.push(barBox(bar, y, scale));
  });
  drawn.push(s("line", { x1: scale(value.now), x2: scale(value.now), y1: 0, y2: height - 20, class: "now" }));
  legend.replaceChildren(...chartLegend(inView, slots.length - lanes.length, ahead > chartSpan));
  if (!lanes.length) return [h("p", { class: "none" }, "Nothing ran in this time.")];
  return [s("svg", { width: total, height, viewBox: `0 0 ${total} ${height}`, class: "chart", role: "group", "aria-label": "Runs by slot over time; every run is a link to its card." }, drawn)];
}

function axis(from, until, scale, height) {
  const steps = [60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400, 172800, 604800];
  const step = steps.find((size) => (until - from) / size <= 7) || 604800;
  const shift = new Date(value.now * 1000).getTimezoneOffset() * 60;
  const ticks = [];
  for (let at = Math.ceil((from - shift) / step) * step + shift; at < until; at += step) {
    const text = step >= 86400 ? dayOf(at).slice(5) : clockOf(at);
    ticks.push(s("line", { x1: scale(at), x2: scale(at), y1: 0, y2: height - 20, class: "tick" }), s("text", { x: scale(at), y: height - 6, class: "tick-name" }, text));
  }
  return ticks;
}

function barBox(bar, y, scale) {
  const x = scale(bar.from);
  const width = Math.max(2, scale(bar.to) - x);
  const card = byId.get(bar.card);
  const word = { good: "succeeded", bad: bar.outcome, running: "running", coming: "forecast" }[bar.kind];
  const label = `${bar.card} on ${bar.slot}, ${word}, ${momentOf(bar.from)} to ${bar.kind === "running" ? "now" : momentOf(bar.to)}, ${span(bar.to - bar.from)}`;
  const mark = bar.kind === "bad" ? "✗ " : "";
  const name = width > 7 * ([...bar.card].length + mark.length) + 8 ? mark + bar.card : mark && width >= 12 ? "✗" : "";
  const kind = `bar ${bar.kind}${width < 6 ? " thin" : ""}`;
  const parts = [s("title", null, `${label}${card ? `\n${card.title}` : ""}`), s("rect", { x, y, width, height: LANE - 8, rx: Math.min(4, width / 2) }), name ? s("text", { x: x + 5, y: y + 13, "aria-hidden": "true" }, name) : null];
  return card ? s("a", { href: `#${encodeURIComponent(bar.card)}`, class: kind, "aria-label": label, "data-card": bar.card }, parts)
    : s("g", { class: kind }, parts);
}

function chartLegend(bars, hiddenLanes, isLong) {
  const kinds = new Set(bars.map((bar) => bar.kind));
  const key = (kind, text) => (kinds.has(kind) ? h("span", { class: "key" }, s("svg", { width: 18, height: 12, class: `bar ${kind}`, "aria-hidden": "true" }, s("rect", { x: 1, y: 1, width: 16, height: 10, rx: 3 })), text) : null);
  const forecast = value.forecast;
  const usual = forecast ? Object.entries(forecast.durations).map(([name, seconds]) => `${name} ${span(seconds)}`) : [];
  const assumed = kinds.has("coming") ? `Forecast: every session succeeds and takes what its worker's last ones took (${[...usual.slice(0, 4), `${usual.length ? "others" : "all"} ${span(forecast.otherwise)}`].join(", ")}), and reviews take no time.` : "";
  return [key("good", "succeeded"), key("bad", "✗ failed"), key("running", "running"), key("coming", "forecast"),
    h("span", null, assumed, isLong ? " It goes on beyond this chart." : "", forecast && forecast.never ? ` ${plural(forecast.never, "card")} would not start.` : "",
      hiddenLanes > 0 ? ` ${plural(hiddenLanes, "slot")} more not drawn.` : "", value.left_out.runs ? ` ${plural(value.left_out.runs, "older run")} left out.` : "")].filter(Boolean);
}

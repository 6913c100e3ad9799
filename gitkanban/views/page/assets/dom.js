// Elements, words and times. What people wrote goes into text nodes alone: nothing here takes markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false && child !== "") node.append(child);
  }
  return node;
}

const h = (tag, props, ...children) => fill(document.createElement(tag), props, children);
const s = (tag, props, ...children) => fill(document.createElementNS(SVG, tag), props, children);

// Text that others wrote: its direction is its own and does not reach its surroundings.
const words = (text, props) => h("bdi", props, text);
const hidden = (text) => h("span", { class: "sr" }, text);
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

const SHAPES = {
  question: [["circle", { cx: 8, cy: 8, r: 6.2 }], ["path", { d: "M6.2 6.5a1.8 1.8 0 1 1 2.6 1.6c-.6.3-.8.6-.8 1.2M8 11.2v.1" }]],
  failed: [["path", { d: "M4 4l8 8M12 4l-8 8", "stroke-width": 2.2 }]],
  review: [["path", { d: "M8 2l6 6-6 6-6-6z", class: "full" }]],
  running: [["circle", { cx: 8, cy: 8, r: 5, class: "full" }]],
  next: [["circle", { cx: 8, cy: 8, r: 4.6 }]],
  waiting: [["circle", { cx: 8, cy: 8, r: 1.9, class: "full" }]],
  backlog: [["circle", { cx: 8, cy: 8, r: 4.8, "stroke-dasharray": "2 2.2" }]],
  done: [["path", { d: "M3.4 8.6l3 3L12.8 4.6", "stroke-width": 2 }]],
  dropped: [["path", { d: "M4 8h8", "stroke-width": 2 }]],
};
SHAPES.conflict = SHAPES.stuck = SHAPES.missing = SHAPES.unreadable = SHAPES.failed;

const STATE_WORDS = {
  question: "asks", failed: "failed", conflict: "conflict", stuck: "cannot start", review: "in review",
  running: "running", next: "next", waiting: "waiting", backlog: "backlog", done: "done", dropped: "dropped",
};

function sign(state, props) {
  const shapes = (SHAPES[state] || SHAPES.waiting).map(([tag, given]) => s(tag, given));
  return s("svg", { viewBox: "0 0 16 16", width: 16, height: 16, class: `sign is-${state}`, "aria-hidden": "true", ...props }, shapes);
}

const pad = (number) => String(number).padStart(2, "0");

function span(seconds) {
  seconds = Math.max(0, Math.floor(seconds));
  for (const [unit, size] of [["d", 86400], ["h", 3600], ["m", 60]]) {
    if (seconds >= 2 * size || (seconds >= size && unit === "m")) return `${Math.floor(seconds / size)}${unit}`;
  }
  return `${seconds}s`;
}

function dayOf(at) {
  const date = new Date(at * 1000);
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

function clockOf(at, withSeconds) {
  const date = new Date(at * 1000);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}${withSeconds ? `:${pad(date.getSeconds())}` : ""}`;
}

const momentOf = (at) => (dayOf(at) === dayOf(value.now) ? clockOf(at) : `${dayOf(at)} ${clockOf(at)}`);

function timeOf(at, props) {
  return h("time", { datetime: new Date(at * 1000).toISOString(), title: `${dayOf(at)} ${clockOf(at, true)}`, ...props }, momentOf(at));
}

function money(cost) {
  if (cost === "" || cost === null || cost === undefined) return "";
  const amount = Number(cost);
  return amount >= 0.01 || amount === 0 ? `$${amount.toFixed(2)}` : `$${amount.toPrecision(1)}`;
}

// A word as a shell takes it.
const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

// The page: its head, its parts in their order, keys, theme, and the address of each card.

const KEYS = [["j", "the next card"], ["k", "the card before"], ["enter", "open it"], ["esc", "close the card, leave the search"], ["/", "search"], ["c", "copy the command that answers the card"], ["t", "light, dark, or as the system has it"], ["?", "these keys"]];
const THEMES = ["auto", "light", "dark"];

function boardWords() {
  const { branch, commit } = value.board;
  return words(branch ? `${branch}@${commit.slice(0, 7)}` : commit.slice(0, 7), { class: "mono", id: "board-at" });
}

function madeWords() {
  const passed = Math.floor(Date.now() / 1000) - value.now;
  const when = [value.changes ? "plan, " : value.of_now ? "" : "as it was, ", timeOf(value.now), passed > 90 ? `, ${span(passed)} ago` : ""];
  return h("span", { class: "made", id: "made" }, hand.live ? hand.state() : when);
}

function head() {
  const workers = [...new Set(cards.map((card) => card.worker).filter(Boolean))].sort();
  const labels = [...new Set(cards.flatMap((card) => card.labels))].sort();
  const search = h("input", { type: "search", id: "search", placeholder: "Search", "aria-label": "Search cards", "aria-keyshortcuts": "/", autocomplete: "off", spellcheck: "false", oninput: (event) => {
    filter.words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    refresh();
  } });
  const choice = (name, all, list) => (list.length > 1 ? h("select", { "aria-label": `Only cards of one ${name}`, onchange: (event) => {
    filter[name] = event.target.value;
    refresh();
  } }, h("option", { value: "" }, all), list.slice(0, 500).map((each) => h("option", { value: each }, each))) : null);
  if (!hand.live) setInterval(() => document.getElementById("made").replaceWith(madeWords()), 30000);
  return h("header", { class: "page-head" },
    h("div", { class: "brand" }, h("h1", null, words(value.board.repository || "board")), boardWords(), madeWords()),
    h("div", { class: "tools" }, h("span", { class: "search" }, search, h("kbd", { "aria-hidden": "true" }, "/")), choice("worker", "all workers", workers), choice("label", "all labels", labels),
      hand.headTools(), h("button", { type: "button", id: "theme", onclick: nextTheme }), h("button", { type: "button", "aria-label": "Keys", onclick: showKeys }, "?")));
}

// The parts of the page below its head, in their order. A part may be missing.
const PARTS = { summary, causes, changes: changesBanner, queue, slots, board, graph, time: timechart, cost, history };
const SEARCHED = ["queue", "board", "graph"];
const placed = new Map(); // the node of each part; a comment where it is missing
const drawnAs = new Map(); // a copy of each part as it was drawn, and what it was drawn from

function drawPart(name) {
  const node = PARTS[name]() || document.createComment(name);
  // Graph and chart are drawn when they are seen: what they are drawn from says whether they differ.
  const from = name === "graph" || name === "time" ? JSON.stringify([value.cards, value.runs, value.forecast, filter]) : "";
  return [node, { copy: node.cloneNode(true), from }];
}

function placePart(name) {
  const [node, as] = drawPart(name);
  placed.set(name, node);
  drawnAs.set(name, as);
  return node;
}

// Draws parts again, where they differ, and leaves people where they were.
function redraw(names) {
  for (const name of names) {
    const [node, as] = drawPart(name);
    const before = drawnAs.get(name);
    if (as.from === before.from && as.copy.isEqualNode(before.copy)) continue;
    const back = stateOf(placed.get(name));
    placed.get(name).replaceWith(node);
    placed.set(name, node);
    drawnAs.set(name, as);
    back(node);
  }
  markOpen();
}

const SCROLLED = ".columns, .graph-box, .cards, .code, .log, .scroll";

// Remembers what people have opened, scrolled and focused in a part; returns what restores it.
function stateOf(old) {
  if (old.nodeType !== Node.ELEMENT_NODE) return () => {};
  const all = (part, query) => [...part.querySelectorAll(query)];
  const nameOf = (node) => node.id || node.getAttribute("aria-label") || node.getAttribute("href") || node.textContent;
  const opened = new Map(all(old, "details").map((each, at) => [each.id || at, each.open]));
  const scrolled = all(old, SCROLLED).map((each) => [each.scrollLeft, each.scrollTop]);
  const lengths = all(old, "button.more").map((each) => each.previousElementSibling.children.length);
  const active = old.contains(document.activeElement) ? document.activeElement : null;
  const focused = active && [active.tagName, nameOf(active), active.selectionStart, active.selectionEnd];
  return (node) => {
    if (node.nodeType !== Node.ELEMENT_NODE) return;
    all(node, "details").forEach((each, at) => {
      const was = opened.get(each.id || at);
      if (was !== undefined) each.open = was;
    });
    all(node, "button.more").forEach((each, at) => {
      while (!each.hidden && each.previousElementSibling.children.length < (lengths[at] || 0)) each.click();
    });
    all(node, SCROLLED).forEach((each, at) => scrolled[at] && each.scrollTo(...scrolled[at]));
    if (!focused) return;
    const again = all(node, focused[0].toLowerCase()).find((each) => nameOf(each) === focused[1]);
    if (!again) return;
    again.focus({ preventScroll: true });
    if (typeof focused[2] === "number" && again.setSelectionRange) again.setSelectionRange(focused[2], focused[3]);
  };
}

function refresh() {
  redraw(SEARCHED);
}

function setTheme(theme) {
  if (theme === "auto") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.setAttribute("data-theme", theme);
  const button = document.getElementById("theme");
  button.textContent = { auto: "◐", light: "○", dark: "●" }[theme];
  button.setAttribute("aria-label", `Theme: ${theme}`);
  button.title = `theme: ${theme}`;
}

const storedTheme = () => {
  try {
    const theme = localStorage.getItem("gitkanban-theme");
    return THEMES.includes(theme) ? theme : "auto";
  } catch {
    return "auto";
  }
};

function nextTheme() {
  const now = document.documentElement.getAttribute("data-theme") || "auto";
  const theme = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
  try {
    localStorage.setItem("gitkanban-theme", theme);
  } catch {
    // A page that may store nothing forgets it.
  }
  setTheme(theme);
}

function showKeys() {
  const dialog = document.getElementById("keys");
  if (!dialog.open) dialog.showModal();
}

function keysDialog() {
  const dialog = h("dialog", { id: "keys", "aria-labelledby": "keys-h" }, h("h2", { id: "keys-h" }, "Keys"),
    h("dl", null, [...KEYS, ...hand.keyWords].map(([key, text]) => [h("dt", null, h("kbd", null, key)), h("dd", null, text)])),
    h("form", { method: "dialog" }, h("button", { class: "primary" }, "close")));
  return dialog;
}

// Each card once, in the order of the page: the queue, then the columns.
function stops() {
  const seen = new Set();
  return [...document.querySelectorAll("#queue a.open, #board a.open")].filter((link) => link.offsetParent && !seen.has(link.dataset.card) && seen.add(link.dataset.card));
}

function step(by) {
  const all = stops();
  if (!all.length) return;
  const here = openCard || (document.activeElement && document.activeElement.dataset && document.activeElement.dataset.card) || "";
  const at = all.findIndex((link) => link.dataset.card === here);
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))];
  if (openCard) {
    location.hash = encodeURIComponent(next.dataset.card);
    return;
  }
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === "Escape") {
    if (typing) {
      event.target.blur();
      if (event.target.id === "search" && event.target.value) {
        event.target.value = "";
        event.target.dispatchEvent(new Event("input"));
      }
    } else if (openCard) closeCard();
    return;
  }
  if (typing || document.querySelector("dialog[open]")) return;
  const chosen = () => byId.get(openCard || (document.activeElement.dataset || {}).card);
  const acts = {
    ...Object.fromEntries(Object.entries(hand.keys).map(([key, act]) => [key, () => act(chosen())])),
    j: () => step(1), k: () => step(-1), "?": showKeys, t: nextTheme,
    "/": () => document.getElementById("search").focus(),
    c: () => {
      const card = chosen();
      if (card && card.command) copyText(card.command);
      else toast(card ? `Nothing has to be decided on ${card.id}.` : "Choose a card first: j, k.");
    },
  };
  if (acts[event.key]) {
    event.preventDefault();
    acts[event.key]();
  }
}

const addressed = () => {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
};

function show(given) {
  takeIn(given);
  document.getElementById("app").replaceChildren(
    h("a", { class: "skip", href: cards.length ? "#board" : "#queue", onclick: (event) => {
      event.preventDefault();
      const part = document.getElementById("board") || document.getElementById("queue");
      part.scrollIntoView();
      (part.querySelector("a") || part).focus();
    } }, "To the board"),
    head(),
    h("main", null, ["summary", "causes", "changes", "queue", "slots", "board"].map(placePart),
      h("div", { class: "pair" }, placePart("graph"), placePart("time")), placePart("cost"), placePart("history")),
    h("div", { id: "drawer", role: "dialog", "aria-labelledby": "drawer-title", hidden: true }),
    keysDialog(), h("div", { id: "toast", role: "status" }));
  setTheme(storedTheme());
}

function begin() {
  document.addEventListener("keydown", onKey);
  // A link into a part of a card says which; its address alone is that of the card.
  let wanted = "";
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a[data-to]");
    wanted = link ? link.dataset.to : "";
    const card = event.target.closest && event.target.closest("a[href^='#']");
    if (card && card.getAttribute("href") === location.hash) showCard(addressed(), wanted);
  });
  window.addEventListener("hashchange", () => {
    showCard(addressed(), wanted);
    wanted = "";
  });
  if (addressed()) showCard(addressed(), "");
  document.documentElement.setAttribute("data-ready", String(Math.round(performance.now())));
}

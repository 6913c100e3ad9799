// The cards of the board: read from rows, found by words, and what answers them.

let value = null; // what the page shows
let cards = []; // in their order
let byId = new Map();
let childrenOf = new Map();
let changeOf = new Map(); // where the page shows a change: what became of each card
const filter = { words: [], worker: "", label: "" };

function takeIn(given) {
  value = given;
  cards = given.cards.map((row) => Object.fromEntries(given.keys.map((key, at) => [key, row[at]])));
  byId = new Map(cards.map((card) => [card.id, card]));
  childrenOf = new Map();
  for (const card of cards) {
    for (const parent of card.parents) {
      if (!childrenOf.has(parent)) childrenOf.set(parent, []);
      childrenOf.get(parent).push(card.id);
    }
  }
  changeOf = new Map((given.changes ? given.changes.cards : []).map((each) => [each.id, each]));
}

function matches(card) {
  if (filter.worker && card.worker !== filter.worker) return false;
  if (filter.label && !card.labels.includes(filter.label)) return false;
  if (!filter.words.length) return true;
  if (card.hay === undefined) {
    const details = value.details[card.id] || {};
    card.hay = [card.id, card.title, card.worker, card.remark, STATE_WORDS[card.state] || card.state, ...card.labels, details.body || ""]
      .join("\n").toLowerCase();
  }
  return filter.words.every((word) => card.hay.includes(word));
}

const isFiltered = () => Boolean(filter.words.length || filter.worker || filter.label);
const ageOf = (card) => (card.since ? span(value.now - card.since) : "");

function changeMark(id) {
  const change = changeOf.get(id);
  if (!change) return null;
  const drawn = { added: "+", changed: "~", removed: "−", archived: "−" }[change.kind];
  return h("span", { class: `mark is-${change.kind}` }, `${drawn} ${change.kind}`);
}

// What asks for words first, and what it says then.
const ASKS = { reject: "What is wrong?", answer: "Your answer", retry: "Words for the next attempt, or none", drop: "Why, or nothing", stop: "Why, or nothing" };
const MUST = new Set(["reject", "answer"]);

function commandOf(card, verb, text) {
  const argv = ["gitkanban", verb === "answer" ? "retry" : verb, card.id];
  return argv.map(quoted).join(" ") + (text ? ` --why=${quoted(text)}` : "");
}

// How the page acts. Of a file, to act is to copy a command; a live page has other hands.
const hand = {
  live: false,
  wordOf: (verb) => (verb === "answer" ? "copy the answer" : `copy ${verb}`),
  act: (card, verb, text) => copyText(commandOf(card, verb, text)),
  opened: () => {}, // a card was opened, or closed
  logPart: (entries, open) => (entries ? fold("log", "Log, its end", open, logView(entries)) : null),
  state: () => "",
};

// Without a server, to act is to copy the command that acts.
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = h("textarea", { class: "sr", readonly: true });
    area.value = text;
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    if (!copied) return toast("Copy this command:", text);
  }
  return toast("Copied. Run it in the repository:", text);
}

function command(text) {
  if (!text) return null;
  return h("span", { class: "command" }, h("code", null, text),
    h("button", { type: "button", class: "small", "aria-label": `Copy the command ${text}`, onclick: () => copyText(text) }, "copy"));
}

// Buttons for the verbs of a card; those that ask for words show a line for them.
function verbBar(card, lead) {
  const verbs = card.verbs || [];
  if (!verbs.length && !lead) return null;
  const line = h("form", { class: "words", hidden: true });
  const ask = (verb, focus) => {
    const input = h("input", { type: "text", placeholder: ASKS[verb], "aria-label": `${verb} ${card.id}: ${ASKS[verb]}`, autocomplete: "off", required: MUST.has(verb) });
    line.replaceChildren(input, h("button", { type: "submit", class: "primary" }, hand.wordOf(verb)));
    line.onsubmit = (event) => {
      event.preventDefault();
      hand.act(card, verb, input.value.trim());
    };
    line.hidden = false;
    if (focus) input.focus();
  };
  if (verbs.includes("answer")) ask("answer", false);
  const buttons = verbs.filter((verb) => verb !== "answer").map((verb) =>
    h("button", {
      type: "button",
      class: verb === "accept" || verb === "approve" ? "primary" : verb === "drop" || verb === "stop" ? "quiet" : null,
      "aria-label": `${verb} ${card.id}`,
      onclick: () => (ASKS[verb] ? ask(verb, true) : hand.act(card, verb, "")),
    }, ASKS[verb] ? `${verb}…` : verb));
  const row = h("div", { class: "buttons" }, lead, buttons);
  return h("div", { class: "verbs" }, verbs.includes("answer") ? [line, row] : [row, line]);
}

let toastTimer = 0;
function toast(text, code) {
  const box = document.getElementById("toast");
  box.replaceChildren(h("span", null, text), ...(code ? [h("code", null, code)] : []));
  box.classList.add("on");
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => box.classList.remove("on"), 6000);
}

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
const ASKS = { reject: "What is wrong?", answer: "Your answer", retry: "Words for the next attempt, or none", drop: "Why, or nothing", stop: "Why, or nothing", note: "Your note" };
const MUST = new Set(["reject", "answer", "note"]);

function commandOf(card, verb, text) {
  const argv = ["gitkanban", verb === "answer" ? "retry" : verb, card.id];
  return argv.map(quoted).join(" ") + (text ? ` --why=${quoted(text)}` : "");
}

// How the page acts. Of a file, to act is to copy a command; a live page has other hands.
const hand = {
  live: false,
  wordOf: (verb) => (verb === "answer" ? "copy the answer" : `copy ${verb}`),
  act: (card, verb, text) => copyText(commandOf(card, verb, text)),
  atWork: () => "", // the verb that is at work on a card
  verbsOf: (card) => card.verbs || [],
  opened: () => {}, // a card was opened, or closed
  logPart: (entries, open) => (entries ? fold("log", "Log, its end", open, logView(entries)) : null),
  state: () => "",
  hasWords: () => false, // whether something else than the line has words
  aboutWords: () => null,
  lastWords: {}, // what each running session said last: [kind, text] by card
  keyWords: [],
  keys: {}, // more keys, and what they do to the chosen card
  headTools: () => null,
  workers: () => null,
  lineTool: () => null, // what a line of a diff has beside its numbers
  underLine: () => null,
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

// The line of words that is open on a card: {verb, text, commit}. It outlives what is drawn.
const drafts = new Map();

// Buttons for the verbs of a card; those that ask for words show a line for them.
function verbBar(card, lead, inDrawer) {
  const verbs = hand.verbsOf(card, inDrawer);
  if (!verbs.length && !lead) return null;
  const atWork = hand.atWork(card);
  const line = h("form", { class: "words", hidden: true });
  const ask = (verb, focus) => {
    const draft = drafts.get(card.id);
    const text = draft && draft.verb === verb ? draft.text : "";
    const input = h(hand.live ? "textarea" : "input", { type: hand.live ? null : "text", rows: hand.live ? 1 : null, placeholder: ASKS[verb], "aria-label": `${verb} ${card.id}: ${ASKS[verb]}`, autocomplete: "off", required: MUST.has(verb) && !hand.hasWords(card) });
    input.value = text;
    input.addEventListener("input", () => drafts.set(card.id, { commit: value.board.commit, ...drafts.get(card.id), verb, text: input.value }));
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      line.requestSubmit();
    });
    line.replaceChildren(input, h("button", { type: "submit", class: "primary", disabled: Boolean(atWork) }, hand.wordOf(verb)), hand.aboutWords(card, verb) || "");
    line.onsubmit = (event) => {
      event.preventDefault();
      hand.act(card, verb, input.value.trim());
    };
    line.hidden = false;
    if (focus) {
      drafts.set(card.id, { verb, text, commit: value.board.commit });
      input.focus();
    }
  };
  const open = drafts.get(card.id);
  if (open && verbs.includes(open.verb)) ask(open.verb, false);
  else if (verbs.includes("answer")) ask("answer", false);
  const buttons = verbs.filter((verb) => verb !== "answer").map((verb) =>
    h("button", {
      type: "button",
      class: verb === "accept" || verb === "approve" ? "primary" : verb === "drop" || verb === "stop" ? "quiet" : null,
      disabled: Boolean(atWork),
      "aria-label": `${verb} ${card.id}`,
      "data-verb": verb,
      onclick: () => (ASKS[verb] ? ask(verb, true) : hand.act(card, verb, "")),
    }, atWork === verb ? `${verb} …` : ASKS[verb] ? `${verb}…` : verb));
  const row = h("div", { class: "buttons" }, lead, buttons);
  return h("div", { class: "verbs", "aria-busy": atWork ? "true" : null }, verbs.includes("answer") ? [line, row] : [row, line]);
}

let toastTimer = 0;
function toast(text, code) {
  const box = document.getElementById("toast");
  box.replaceChildren(h("span", null, text), ...(code ? [h("code", null, code)] : []));
  box.classList.add("on");
  box.classList.remove("bad");
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => box.classList.remove("on"), 6000);
}

// Acts through the server: each does what the command of its name does, and is refused as it is.

const atWork = new Map(); // card → the verb that is at work on it
const comments = new Map(); // card → Map of place → {path, line, removed, words}
const opened = new Set(); // places whose comment is being written
let canAct = false;

Object.assign(hand, {
  wordOf: (verb) => verb,
  act: actOn,
  atWork: (card) => atWork.get(card.id) || "",
  verbsOf: (card, inDrawer) => (canAct ? [...(card.verbs || []), ...(inDrawer ? ["note", "edit"] : [])] : []),
  hasWords: (card) => commentsOf(card).length > 0,
  aboutWords: (card, verb) => {
    const written = verb === "reject" ? commentsOf(card).length : 0;
    return written ? h("span", { class: "dim" }, `with ${plural(written, "comment")} on lines`) : null;
  },
  keyWords: [["a", "to the button that accepts"], ["r", "reject, with words"], ["y", "answer"], ["n", "a new card"]],
  keys: {
    a: (card) => toVerb(card, "accept"),
    r: (card) => toVerb(card, "reject"),
    y: (card) => toVerb(card, "answer"),
    n: () => canAct && cardDialog(null),
  },
  headTools: () => (canAct ? h("button", { type: "button", class: "primary", onclick: () => cardDialog(null) }, "add") : null),
  workers,
  lineTool,
  underLine,
});

const commentsOf = (card) => [...(comments.get(card.id) || new Map()).values()].filter((each) => each.words.trim());
const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// Sends an act, and gives how it ended: {done, text, hint}.
async function send(act) {
  try {
    const answer = await fetch("/act", {
      method: "POST", cache: "no-store",
      headers: { "content-type": "application/json", "x-gitkanban-token": token },
      body: JSON.stringify(act),
    });
    const given = await answer.json();
    return answer.ok ? given : { done: false, text: `Error: ${given.message}`, hint: given.hint };
  } catch {
    return { done: false, text: "Error: the server did not answer", hint: `Whether ${act.verb} was done, the board tells once it is live again.` };
  }
}

async function actOn(card, verb, text) {
  if (verb === "edit") return cardDialog(card);
  if (atWork.has(card.id)) return say({ text: `Error: ${atWork.get(card.id)} ${card.id} is still at work`, hint: `Wait for it, then ${verb}.` });
  const draft = drafts.get(card.id);
  const commit = draft && draft.verb === verb ? draft.commit : value.board.commit;
  atWork.set(card.id, verb);
  redrawAll();
  const result = await send({ key: newKey(), verb, card: card.id, commit, words: text, comments: verb === "reject" ? commentsOf(card) : [] });
  atWork.delete(card.id);
  if (result.done) {
    if (drafts.has(card.id) && drafts.get(card.id).verb === verb) drafts.delete(card.id); // words for another verb stay
    if (verb !== "note") forgetComments(card);
  } else if (drafts.has(card.id)) drafts.get(card.id).commit = value.board.commit; // who has read the refusal may insist
  redrawAll();
  return say(result);
}

function redrawAll() {
  redraw(["queue", "slots", "board"]);
  if (openCard) redrawCard();
}

// A refusal stays until it is read: closed, or another message.
function say({ done, text, hint }) {
  if (done) return toast(text);
  const box = document.getElementById("toast");
  clearTimeout(toastTimer);
  box.replaceChildren(h("span", null, words(text)), hint ? h("span", { class: "hint" }, words(hint)) : "",
    h("button", { type: "button", class: "small", onclick: () => box.classList.remove("on", "bad") }, "close"));
  box.classList.add("on", "bad");
  return undefined;
}

// Goes to a verb's button, or opens its words. Nothing is done by a single key.
function toVerb(card, verb) {
  if (!card || !hand.verbsOf(card, true).includes(verb)) return toast(card ? `${verb} does not apply to ${card.id}.` : "Choose a card first: j, k.");
  if (!openCard) {
    window.history.pushState(null, "", `#${encodeURIComponent(card.id)}`);
    showCard(card.id, "");
  }
  const box = document.getElementById("drawer");
  if (verb === "answer") return box.querySelector(".words textarea").focus();
  const button = box.querySelector(`[data-verb="${verb}"]`);
  return ASKS[verb] ? button.click() : button.focus();
}

// -- comments on lines of a diff

const whereOf = (spot) => `${spot.removed ? "removed line" : "line"} ${spot.line} of ${spot.path}`;
const placeOf = (card, spot) => `${card.id}\n${spot.path}\n${spot.line}\n${spot.removed}`;

function forgetComments(card) {
  comments.delete(card.id);
  for (const place of [...opened]) if (place.startsWith(`${card.id}\n`)) opened.delete(place);
}

function lineTool(card, spot) {
  if (!canAct || !hand.verbsOf(card).includes("reject")) return null;
  return h("button", { type: "button", class: "on-line", tabindex: "-1", "aria-label": `Comment on ${whereOf(spot)}`, onclick: (event) => {
    const row = event.target.closest(".row");
    opened.add(placeOf(card, spot));
    if (!(row.nextElementSibling && row.nextElementSibling.matches(".comment"))) row.after(underLine(card, spot));
    row.nextElementSibling.querySelector("textarea").focus();
  } }, "+");
}

function underLine(card, spot) {
  const place = placeOf(card, spot);
  const mine = comments.get(card.id) || new Map();
  const had = mine.get(place);
  if (!had && !opened.has(place)) return null;
  const area = h("textarea", { rows: 2, "aria-label": `Your comment on ${whereOf(spot)}`, placeholder: "It goes along when you reject." });
  area.value = had ? had.words : "";
  area.addEventListener("input", () => {
    if (!comments.has(card.id)) comments.set(card.id, new Map());
    comments.get(card.id).set(place, { ...spot, words: area.value });
    if (!drafts.has(card.id)) drafts.set(card.id, { verb: "reject", text: "", commit: value.board.commit });
  });
  const box = h("div", { class: "comment" }, area,
    h("button", { type: "button", class: "small", "aria-label": "Remove the comment", onclick: () => {
      opened.delete(place);
      if (comments.has(card.id)) comments.get(card.id).delete(place);
      box.remove();
    } }, "×"));
  return box;
}

// Up and down go from line to line of a diff; enter comments on it.
document.addEventListener("keydown", (event) => {
  const code = event.target.closest && event.target.closest(".code");
  if (!code || !["ArrowDown", "ArrowUp"].includes(event.key) || event.target.tagName === "TEXTAREA") return;
  const lines = [...code.querySelectorAll(".on-line")];
  if (!lines.length) return;
  const at = lines.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
  event.preventDefault();
  lines[Math.min(lines.length - 1, Math.max(0, at))].focus();
});

// -- workers

function workers() {
  if (!value.workers.length) return null;
  const button = (verb, name) => h("button", { type: "button", class: "small", "aria-label": `${verb} ${name || "every worker"}`, onclick: async () => {
    say(await send({ key: newKey(), verb, worker: name }));
  } }, verb);
  const all = "*" in value.paused;
  return h("ul", { class: "workers", "aria-label": "Workers" }, value.workers.map((worker) => h("li", null,
    words(worker.name, { class: "name" }), h("span", { class: "dim" }, `${worker.running}/${worker.limit}`),
    worker.paused ? h("span", { class: "dim" }, "paused: ", words(worker.paused)) : null,
    canAct && !all ? button(worker.paused ? "resume" : "pause", worker.name) : null)),
  canAct ? h("li", null, h("span", null, "everybody"), button(all ? "resume" : "pause", "")) : null);
}

// -- a card's fields

const linesOf = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);
const wordsOf = (text) => text.split(/[\s,]+/).filter(Boolean);
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

// Asks for a new card, or for what is to change of one; only what was changed is sent.
function cardDialog(card) {
  const details = (card && value.details[card.id]) || {};
  const commit = value.board.commit;
  let key = newKey();
  const before = card
    ? { title: card.title, worker: card.worker, priority: card.priority, parents: card.parents, labels: card.labels, acceptance: details.acceptance || [], body: (details.body || "").trim() }
    : { title: "", worker: value.workers.length === 1 ? value.workers[0].name : "", priority: 0, parents: [], labels: [], acceptance: [], body: "" };
  const field = (label, input) => h("label", { class: "field" }, h("span", null, label), input);
  const text = (name, shown, more) => {
    const input = h(more && more.rows ? "textarea" : "input", { name, type: more && more.rows ? null : "text", autocomplete: "off", ...more });
    input.value = shown;
    return input;
  };
  const names = [...new Set(["", before.worker, ...value.workers.map((worker) => worker.name)])];
  const title = text("title", before.title, { required: true });
  const worker = h("select", { name: "worker" }, names.map((name) => h("option", { value: name, selected: name === before.worker }, name || "nobody yet")));
  const priority = text("priority", String(before.priority), { type: "number", min: -1000, max: 1000 });
  const parents = text("parents", before.parents.join(" "), { placeholder: "ids of cards" });
  const labels = text("labels", before.labels.join(" "));
  const acceptance = text("acceptance", before.acceptance.join("\n"), { rows: 3, placeholder: "a line each" });
  const body = text("body", before.body, { rows: 7 });
  const backlog = h("input", { type: "checkbox", name: "backlog" });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const close = () => {
    dialog.close();
    dialog.remove();
  };
  const form = h("form", { method: "dialog" },
    field("Title", title), h("div", { class: "fields-row" }, field("Worker", worker), field("Priority", priority)),
    field("What is to be done", body), field("Done when", acceptance), h("div", { class: "fields-row" }, field("After", parents), field("Labels", labels)),
    card ? null : h("label", { class: "check" }, backlog, " into the backlog: it waits for approval"), problem,
    h("div", { class: "buttons" }, h("button", { type: "submit", class: "primary" }, card ? "save" : "add"), h("button", { type: "button", onclick: close }, "cancel")));
  form.onsubmit = async (event) => {
    event.preventDefault();
    const now = { title: title.value.trim(), worker: worker.value, priority: Number(priority.value) || 0, parents: wordsOf(parents.value), labels: wordsOf(labels.value), acceptance: linesOf(acceptance.value), body: body.value.trim() };
    const changed = Object.fromEntries(Object.entries(now).filter(([name, each]) => !card || !same(each, before[name])));
    if (card && !Object.keys(changed).length) return close();
    const button = form.querySelector("button.primary");
    button.disabled = true;
    const result = await send(card ? { key, verb: "edit", card: card.id, commit: dialog.dataset.commit, ...changed } : { key, verb: "add", ...changed, backlog: backlog.checked });
    button.disabled = false;
    if (result.done) {
      close();
      return say(result);
    }
    key = newKey();
    dialog.dataset.commit = value.board.commit; // who has read the refusal may insist
    problem.replaceChildren(words(result.text), " ", words(result.hint || ""));
    problem.hidden = false;
    return undefined;
  };
  const dialog = h("dialog", { class: "card-dialog", "aria-labelledby": "card-dialog-h", "data-commit": commit }, h("h2", { id: "card-dialog-h" }, card ? `Edit ${card.id}` : "A new card"), form);
  dialog.addEventListener("cancel", () => setTimeout(close));
  document.body.append(dialog);
  dialog.showModal();
  title.focus();
  return undefined;
}

// The parts of the page from its head to the board: who needs you, what runs, what comes next.

function section(id, title, note, ...children) {
  return h("section", { id, "aria-labelledby": `${id}-h` },
    h("header", { class: "section-head" }, h("h2", { id: `${id}-h` }, title), note && h("p", null, note)), children);
}

const count = (group) => cards.filter((card) => card.group === group && !isGone(card)).length;
const isGone = (card) => (changeOf.get(card.id) || {}).kind === "removed";

function summary() {
  const needs = count("needs-you");
  const { done, total } = value.progress;
  const percent = total ? Math.round((100 * done) / total) : 0;
  const { running, limit } = value.of_now ? value.host : { running: 0, limit: 0 };
  const cost = value.cost_usd;
  const unknown = value.cost.total.unknown_runs;
  const figure = (number, text, kind, extra) =>
    h("div", { class: `figure${kind ? ` ${kind}` : ""}` }, h("dt", null, text), h("dd", null, number, extra));
  return h("dl", { class: "figures" },
    figure(String(needs), needs === 1 ? "needs you" : "need you", needs ? "hot" : ""),
    figure(limit ? `${running}/${limit}` : String(count("running")), "running", running ? "live" : ""),
    figure(`${done} of ${total}`, "done", "wide",
      h("progress", { max: total || 1, value: done, "aria-label": `${percent} % done` })),
    cost.all || unknown
      ? figure(cost.all ? money(cost.all) : "unknown", cost.today && cost.today !== cost.all ? `cost, ${money(cost.today)} today` : "cost", "")
      : null,
    value.ticked ? figure(span(value.now - value.ticked), "since the last tick", "") : null);
}

function causes() {
  const lines = value.causes.map((cause) => {
    const who = cause.subjects.slice(0, 5).join(", ") + (cause.subjects.length > 5 ? ` and ${cause.subjects.length - 5} more` : "");
    return h("li", null, h("b", { "aria-hidden": "true" }, "!"),
      h("span", null, who ? words(`${who}: `) : null, words(cause.text), cause.holds ? `; holds ${plural(cause.holds, "card")}` : ""),
      value.of_now && command(cause.command));
  });
  if (value.deadlock) lines.push(h("li", null, h("b", { "aria-hidden": "true" }, "!"), words(`deadlock: ${value.deadlock}`)));
  for (const problem of value.problems.slice(0, 20)) {
    lines.push(h("li", null, h("b", { "aria-hidden": "true" }, "!"),
      h("span", null, words(`${problem.file}${problem.line ? `:${problem.line}` : ""}`, { class: "mono" }), " cannot be read: ", words(problem.message))));
  }
  if (value.problems.length > 20) lines.push(h("li", null, `and ${value.problems.length - 20} more files that cannot be read`));
  for (const note of value.notes.slice(0, 10)) lines.push(h("li", { class: "note" }, words(note)));
  return lines.length ? h("ul", { class: "causes", "aria-label": "What holds the board up" }, lines) : null;
}

function metaOf(card) {
  const parts = [];
  if (card.worker) parts.push(words(card.worker));
  if (ageOf(card)) parts.push(card.state === "question" ? `asked ${ageOf(card)} ago` : ageOf(card));
  if (card.holds) parts.push(`holds ${card.holds}`);
  if (card.tries > 1 || (card.tries && card.last && card.group !== "running")) parts.push(`try ${card.tries}${card.tries_most ? ` of ${card.tries_most}` : ""}`);
  if (card.cost_usd) parts.push(money(card.cost_usd));
  return parts.map((part) => h("span", null, part));
}

const labelsOf = (card) => (card.labels.length ? h("span", { class: "labels" }, card.labels.slice(0, 6).map((label) => words(label, { class: "label" }))) : null);

function cardLink(card, ...children) {
  return h("a", { href: `#${encodeURIComponent(card.id)}`, class: "open", "data-card": card.id }, children);
}

// A backlog card that others wait for can start as soon as somebody approves it.
const wordOf = (card) => (card.state === "stuck" && card.status === "backlog" ? "to approve" : STATE_WORDS[card.state] || card.state);

function stateWord(card) {
  return h("span", { class: `state is-${card.state}` }, sign(card.state), wordOf(card));
}

function queue() {
  const mine = cards.filter((card) => card.group === "needs-you" && matches(card));
  const all = count("needs-you");
  const coming = cards.find((card) => card.group === "next");
  let body;
  if (mine.length) body = more(mine, 10, queueItem, "ul", "queue");
  else if (all) body = h("p", { class: "empty" }, "None of the cards that need you match.");
  else if (!cards.length) body = emptyBoard();
  else body = h("p", { class: "empty calm" }, sign("done"), value.causes.length ? "No card waits for your decision; see above for what holds the board up."
    : coming ? ["Nothing needs you. Next: ", cardLink(coming, coming.id), " ", words(coming.title), "."] : "Nothing needs you.");
  return section("queue", ["Needs you", h("span", { class: "count" }, String(all))], all ? "What holds up most comes first." : "", body);
}

function emptyBoard() {
  return h("div", { class: "empty" }, h("p", null, "No cards can be shown yet."),
    value.of_now && h("p", null, command('gitkanban add "what is to be done"')));
}

function queueItem(card) {
  const text = card.state === "question" && card.remark ? `“${card.remark}”` : card.remark;
  const details = value.details[card.id] || {};
  const diff = details.patch ? h("a", { class: "button", href: `#${encodeURIComponent(card.id)}`, "data-to": "diff", "aria-label": `diff of ${card.id}` }, "diff") : null;
  const log = details.log && card.state === "failed" ? h("a", { class: "button", href: `#${encodeURIComponent(card.id)}`, "data-to": "log", "aria-label": `log of ${card.id}` }, "log") : null;
  return h("li", { class: "queue-item", "data-row": card.id },
    h("div", { class: "what" },
      h("div", { class: "line" }, stateWord(card), cardLink(card, h("b", null, card.id), " ", words(card.title)), changeMark(card.id)),
      text ? h("p", { class: "remark" }, words(text)) : null,
      h("p", { class: "meta" }, metaOf(card))),
    verbBar(card, [diff, log]));
}

// A list that shows its first ones, and the others a piece at a time.
function more(list, most, draw, tag, name) {
  const box = h(tag, { class: name });
  let shown = 0;
  const button = h("button", { type: "button", class: "more" });
  const add = (size) => {
    box.append(...list.slice(shown, shown + size).flatMap(draw));
    shown = Math.min(list.length, shown + size);
    button.hidden = shown >= list.length;
    button.textContent = `${list.length - shown} more`;
  };
  button.addEventListener("click", () => {
    add(60);
  });
  add(most);
  return list.length > most ? [box, button] : [box];
}

const SLOTS_MOST = 48;

function slots() {
  const busy = new Map(cards.filter((card) => card.group === "running").map((card) => [card.slot, card]));
  const names = [];
  for (const [profile, { limit }] of Object.entries(value.profiles)) {
    for (let number = 1; number <= Math.min(limit, 200); number += 1) names.push(`${profile}#${number}`);
  }
  for (const name of busy.keys()) if (name && !names.includes(name)) names.push(name);
  if (!names.length || !value.of_now) return null;
  names.sort((one, other) => busy.has(other) - busy.has(one));
  const tiles = names.slice(0, SLOTS_MOST).map((name) => {
    const card = busy.get(name);
    if (!card) return h("li", { class: "slot free" }, words(name, { class: "name" }), h("span", null, "free"));
    return h("li", { class: "slot" },
      h("div", { class: "line" }, words(name, { class: "name" }), h("span", { class: "age" }, ageOf(card))),
      h("div", { class: "line" }, sign("running"), hidden("running"), cardLink(card, h("b", null, card.id), " ", words(card.title))),
      lastWord(card));
  });
  const note = names.length > SLOTS_MOST ? `${names.length - SLOTS_MOST} more are not drawn.` : "";
  const capacities = Object.entries(value.capacities).map(([name, { running, limit }]) => `${name} ${running}/${limit}`).join(", ");
  return section("slots", ["Slots", h("span", { class: "count" }, `${busy.size}/${names.length}`)],
    [capacities, note].filter(Boolean).join(". "), h("ul", { class: "slots" }, tiles), hand.workers());
}

function lastWord(card) {
  const log = (value.details[card.id] || {}).log;
  const [kind, text] = hand.lastWords[card.id] || (log ? log[log.length - 1].slice(1) : []);
  return text ? h("p", { class: "remark" }, words(`${kind} ${text}`)) : null;
}

const COLUMNS = [
  ["needs-you", "Needs you", "A person decides."],
  ["running", "Running", "A session is at work."],
  ["next", "Next", "Starts as soon as there is room."],
  ["waiting", "Waiting", "For other cards, or a cause above."],
  ["backlog", "Backlog", "Waits for approval."],
  ["done", "Done", "Its work is in."],
];

let lanesBy = ""; // "worker" or "label": the board has a lane of columns for each

function board() {
  if (!cards.length) return null;
  const dropped = cards.filter((card) => card.group === "dropped" && matches(card));
  const left = value.left_out.cards ? h("p", { class: "cut" }, `${plural(value.left_out.cards, "older card")} had no room on this page: gitkanban list has all.`) : null;
  const part = section("board", "Board", "Columns by who must move next.");
  const holder = h("div", { class: "swim" });
  const draw = () => holder.replaceChildren(...(lanesBy ? lanes() : [columns(cards.filter(matches), "")]));
  const choice = laneChoice(draw);
  if (choice) part.firstChild.append(choice);
  draw();
  return fill(part, null, [holder,
    dropped.length ? h("details", { class: "dropped" }, h("summary", null, `Dropped ${dropped.length}`), more(dropped, 20, boardCard, "ul", "cards")) : null, left]);
}

// How the board is split, where there is something to split it by.
function laneChoice(draw) {
  const kinds = [["", "one lane"]];
  if (new Set(cards.map((card) => card.worker)).size > 1) kinds.push(["worker", "a lane per worker"]);
  if (cards.some((card) => card.labels.length)) kinds.push(["label", "a lane per label"]);
  if (!kinds.some(([kind]) => kind === lanesBy)) lanesBy = "";
  return kinds.length > 1 ? h("select", { class: "lanes", "aria-label": "Lanes", onchange: (event) => {
    lanesBy = event.target.value;
    draw();
    markOpen();
  } }, kinds.map(([kind, text]) => h("option", { value: kind, selected: kind === lanesBy }, text))) : null;
}

const LANES_SHOWN = 20;

// A card with several labels is in the lane of each; cards without any come last.
function lanes() {
  const named = new Map();
  for (const card of cards.filter((each) => each.group !== "dropped" && matches(each))) {
    const names = lanesBy === "worker" ? [card.worker] : card.labels.length ? card.labels : [""];
    for (const name of names) named.set(name, [...(named.get(name) || []), card]);
  }
  const sorted = [...named].sort(([one], [other]) => (!one - !other) || (one < other ? -1 : 1));
  const drawn = sorted.map(([name, mine], number) => h("section", { class: "lane-of", "aria-labelledby": `lane-${number}` },
    h("h3", { id: `lane-${number}` }, words(name || `no ${lanesBy}`), h("span", { class: "count" }, String(mine.length))), columns(mine, `lane-${number}`)));
  return drawn.length ? more(drawn, LANES_SHOWN, (lane) => lane, "div", "swim") : [h("p", { class: "none" }, "none match")];
}

// The columns of these cards; in a lane they have no sentences, and count the cards of the lane.
function columns(mine, lane) {
  return h("div", { class: "columns" }, COLUMNS.map(([group, title, sentence]) =>
    column(mine.filter((card) => card.group === group), group, title, lane ? "" : sentence, lane)));
}

function column(mine, group, title, sentence, lane) {
  const all = count(group);
  const counted = lane ? String(mine.length) : isFiltered() && mine.length !== all ? `${mine.length} of ${all}` : group === "running" && value.of_now && value.host.limit ? `${value.host.running}/${value.host.limit}` : String(all);
  const id = `col-${lane}${group}`;
  return h("div", { class: "column", role: "group", "aria-labelledby": id },
    h("div", { class: "column-head" }, h(lane ? "h4" : "h3", { id }, title, h("span", { class: "count" }, counted)), sentence ? h("p", null, sentence) : null),
    mine.length ? more(mine, group === "done" || group === "backlog" ? 8 : 15, boardCard, "ul", "cards") : h("p", { class: "none" }, isFiltered() ? "none match" : "none"));
}

function waitsWords(card) {
  const named = card.after.slice(0, 3).map(([id, state]) => h("span", { class: "dep" }, sign(state || "waiting"), hidden(STATE_WORDS[state] || state || ""), id));
  if (card.after.length > 3) named.push(`+${card.after.length - 3}`);
  return h("p", { class: "after" }, "after ", named);
}

function boardCard(card) {
  const quiet = card.group === "done" || card.group === "dropped";
  const remark = card.group === "next" && card.remark === "with the next tick" ? "" : card.remark;
  const text = card.state === "question" && remark ? `“${remark}”` : remark;
  return h("li", { class: `card is-${card.state}${card.priority > 0 && !quiet ? " urgent" : ""}${isGone(card) ? " gone" : ""}` },
    h("div", { class: "line top" }, sign(card.state), hidden(wordOf(card)),
      h("span", { class: "id" }, card.id), changeMark(card.id),
      card.priority ? h("span", { class: "priority", title: "priority" }, `↑${card.priority}`) : null,
      h("span", { class: "age" }, ageOf(card))),
    h("div", { class: "title" }, cardLink(card, words(card.title || "(no title)"))),
    card.group === "waiting" && card.after.length ? waitsWords(card)
      : text && !quiet ? h("p", { class: "remark" }, words(text)) : null,
    h("p", { class: "meta" },
      card.worker ? words(card.worker) : null,
      card.holds ? h("span", null, `holds ${card.holds}`) : null,
      card.cost_usd ? h("span", null, money(card.cost_usd)) : null,
      labelsOf(card)));
}

function changesBanner() {
  const changes = value.changes;
  if (!changes) return null;
  const kinds = {};
  for (const each of changes.cards) kinds[each.kind] = (kinds[each.kind] || 0) + 1;
  const parts = Object.entries(kinds).map(([kind, number]) => `${number} ${kind}`);
  const chips = changes.cards.map((each) => {
    const card = byId.get(each.id);
    const name = card ? cardLink(card, h("b", null, each.id), " ", words(each.title)) : h("span", null, h("b", null, each.id), " ", words(each.title));
    return h("li", null, changeMark(each.id), name, each.kind === "changed" ? h("span", { class: "fields" }, Object.keys(each.fields).join(", ")) : null);
  });
  const settings = changes.config.map((each) => h("tr", { class: each.executes ? "executes" : null },
    h("th", { scope: "row" }, words(each.path, { class: "mono" })), h("td", null, words(each.before || "nothing")), h("td", null, words(each.after || "nothing")),
    h("td", null, each.executes ? h("b", null, "! runs code") : "")));
  return section("changes", ["What this would change", h("span", { class: "count" }, String(changes.cards.length))],
    [words(changes.b), " into ", words(changes.a), ": ", parts.join(", ") || (settings.length ? "no card" : "nothing"), "."],
    chips.length ? more(chips, 40, (chip) => chip, "ul", "chips") : null,
    settings.length ? h("div", { class: "scroll" }, h("table", { class: "settings" },
      h("thead", null, h("tr", null, ["setting", "before", "after", hidden("note")].map((head) => h("th", { scope: "col" }, head)))), h("tbody", null, settings))) : null,
    changes.cycles.length ? h("p", { class: "cut" }, `! cards that wait for each other: ${changes.cycles.map((ring) => ring.join(" → ")).join("; ")}`) : null,
    changes.broken.length ? h("p", { class: "cut" }, `! files that become unreadable: ${changes.broken.join(", ")}`) : null);
}

function cost() {
  const { workers, days, total } = value.cost;
  if (!total.runs) return null;
  const table = (title, rows, link) => {
    const most = Math.max(...rows.map((row) => row.cost_usd || 0), 0.000001);
    return h("div", { class: "scroll" }, h("table", null, h("caption", null, title),
      h("thead", null, h("tr", null, [link, "cost", hidden("share"), "runs"].map((head, at) => h("th", { scope: "col", class: at ? "number" : null }, head)))),
      h("tbody", null, rows.map((row) => h("tr", null,
        h("th", { scope: "row" }, words(row.name || "nobody")),
        h("td", { class: "number" }, row.cost_usd === null ? "unknown" : money(row.cost_usd),
          row.cost_usd !== null && row.unknown_runs ? h("span", { class: "dim" }, ` + ${row.unknown_runs} unknown`) : null),
        h("td", { class: "bar" }, row.cost_usd === null ? null : h("meter", { min: 0, max: most, value: row.cost_usd, "aria-hidden": "true" })),
        h("td", { class: "number" }, String(row.runs)))))));
  };
  const note = total.unknown_runs ? `${plural(total.unknown_runs, "run")} of unknown cost: the agent does not say it.` : "What agents say that their sessions cost.";
  return section("cost", ["Cost", h("span", { class: "count" }, total.cost_usd === null ? "unknown" : money(total.cost_usd))], note,
    h("div", { class: "tables" }, table("By worker", workers, "worker"), table("By day (UTC)", [...days].reverse().slice(0, 14), "day")));
}

function events(list, most) {
  return more(list, most, ([at, id, text, who, , status]) => h("li", null, timeOf(at),
    id ? (byId.has(id) ? cardLink(byId.get(id), id) : h("span", { class: "id" }, id)) : h("span", null, "board"),
    h("span", null, status ? [sign({ todo: "waiting", blocked: "failed" }[status] || status), " "] : null, words(text)), words(who, { class: "dim" })), "ol", "events");
}

function history() {
  if (!value.events.length) return null;
  return section("history", "History", "The latest first.", events(value.events, 12));
}

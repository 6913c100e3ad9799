// One card, opened by its address: what was asked, what came of it, and how it got there.

let openCard = "";
let cameFrom = null;

function fold(id, title, open, ...children) {
  return h("details", { id: `drawer-${id}`, open }, h("summary", null, title), children);
}

function drawer(card, to) {
  const details = value.details[card.id];
  const known = details || {};
  const change = changeOf.get(card.id);
  const text = card.state === "question" && card.remark ? `“${card.remark}”` : card.group === "waiting" && card.after.length ? "" : card.remark;
  const story = value.events.filter((event) => event[1] === card.id);
  return [
    h("div", { class: "drawer-head" },
      h("div", { class: "line" }, stateWord(card), h("span", { class: "id" }, card.id), changeMark(card.id),
        h("button", { type: "button", class: "close", "aria-label": "Close the card", onclick: closeCard }, "×")),
      h("h2", { id: "drawer-title", tabindex: "-1" }, words(card.title || "(no title)")),
      h("p", { class: "meta" }, metaOf(card), card.priority ? h("span", null, `priority ${card.priority}`) : null, card.slot ? h("span", null, words(card.slot)) : null, labelsOf(card))),
    h("div", { class: "drawer-body" },
      text ? h("p", { class: "remark strong" }, words(text)) : null,
      card.hold ? h("p", { class: "remark" }, words(card.hold)) : null,
      verbBar(card, null, true), card.command ? h("p", { class: "next" }, command(card.command)) : null,
      change && change.kind === "changed" ? fold("change", "What changes", true, fieldTable(change.fields)) : null,
      linkList("After", card.parents), linkList("Before", childrenOf.get(card.id) || []),
      details ? null : h("p", { class: "cut" }, value.left_out.details ? "What was asked and what came of it had no room on this page: " : "Nothing more is known of it here. ", value.of_now ? command(`gitkanban show ${quoted(card.id)}`) : null),
      details ? fold("asked", "What was asked", true, asked(known)) : null,
      known.patch !== undefined ? fold("diff", ["Work ", patchSize(known.patch)], to === "diff" || card.state === "review", patchView(known.patch, known.patch_cut || 0, card)) : null,
      known.patch === undefined && card.status === "review" && value.of_now ? h("p", { class: "cut" }, "Its work is not on this page: ", command(`gitkanban show ${quoted(card.id)} --diff`)) : null,
      known.runs ? fold("runs", `Runs ${known.runs.length}`, true, runList(known.runs)) : null,
      known.notes ? fold("notes", `Notes ${known.notes.length}`, true, noteList(known.notes)) : null,
      hand.logPart(known.log, to === "log", card),
      known.prompt ? fold("prompt", "Prompt of its next session", false, h("pre", { class: "text" }, known.prompt)) : null,
      story.length ? fold("history", "History", false, events(story, 20), value.of_now ? h("p", { class: "cut" }, "All of it: ", command(`gitkanban log ${quoted(card.id)}`)) : null) : null),
  ];
}

function linkList(title, ids) {
  if (!ids.length) return null;
  const lines = ids.slice(0, 12).map((id) => {
    const other = byId.get(id);
    return h("li", null, other ? [stateWord(other), cardLink(other, h("b", null, id), " ", words(other.title))] : [h("b", null, id), " not on this page: archived, unreadable or missing"]);
  });
  if (ids.length > 12) lines.push(h("li", null, `and ${ids.length - 12} more`));
  return h("div", { class: "links" }, h("h3", null, title), h("ul", null, lines));
}

function asked(details) {
  const facts = [["needs", Object.entries(details.needs || {}).map(([name, amount]) => `${name} ${amount}`).join(", ")], ["model", details.model], ["effort", details.effort],
    ["not before", details.not_before > value.now ? momentOf(details.not_before) : ""], ["merged as", details.merged]].filter(([, text]) => text);
  return [
    details.body ? h("pre", { class: "text", dir: "auto" }, details.body) : h("p", { class: "none" }, "Its title says it all."),
    details.acceptance ? [h("h3", null, "Done when"), h("ul", null, details.acceptance.map((line) => h("li", null, words(line))))] : null,
    facts.length ? h("dl", { class: "facts" }, facts.map(([name, text]) => [h("dt", null, name), h("dd", null, words(text))])) : null,
  ];
}

function fieldTable(fields) {
  const shown = (each) => words(Array.isArray(each) ? each.join(", ") : each && typeof each === "object" ? Object.entries(each).map((pair) => pair.join(" ")).join(", ") : String(each === "" || each === null ? "nothing" : each));
  return h("div", { class: "scroll" }, h("table", null, h("thead", null, h("tr", null, ["field", "before", "after"].map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", null, Object.entries(fields).map(([name, { before, after }]) => h("tr", null, h("th", { scope: "row" }, name), h("td", { class: "was" }, shown(before)), h("td", { class: "is" }, shown(after)))))));
}

function runList(runs) {
  return h("ol", { class: "runs" }, runs.map((run, number) => {
    const good = run.outcome === "succeeded";
    const asks = run.outcome === "blocked";
    const parts = [run.started ? `took ${span(run.ended - run.started)}` : "never began", run.cost, run.slot, run.host && `on ${run.host}`, run.commit, `run ${run.run.slice(0, 10)}`].filter(Boolean);
    return h("li", null,
      h("div", { class: "line" }, h("b", null, `try ${number + 1}`), h("span", { class: `state ${good ? "is-good" : asks ? "is-question" : "is-failed"}` }, sign(good ? "done" : asks ? "question" : "failed"), words(run.outcome || "unknown")), run.ended ? timeOf(run.ended) : null),
      h("p", { class: "meta" }, parts.map((part) => h("span", null, words(part)))),
      run.why ? h("p", { class: "remark" }, words(run.why)) : null,
      run.summary ? h("pre", { class: "text", dir: "auto" }, run.summary) : null,
      run.salvage ? h("p", { class: "meta" }, h("span", null, "kept: ", h("code", null, `git show ${run.salvage}`))) : null);
  }).reverse());
}

function noteList(notes) {
  return h("ol", { class: "runs" }, notes.map((note) => h("li", null,
    h("div", { class: "line" }, h("b", null, words(note.by || "somebody")), note.kind !== "note" ? h("span", { class: "label" }, note.kind) : null, note.at ? timeOf(note.at) : null),
    h("pre", { class: "text", dir: "auto" }, note.text))).reverse());
}

function logLine([at, kind, text, failed]) {
  const drawn = kind === "result" ? (failed ? "✗" : "") : kind;
  return h("li", { class: failed ? "bad" : null }, at ? h("time", null, clockOf(at, true)) : h("span"), h("span", { class: "kind" }, drawn), words(text));
}

const logView = (entries) => h("ol", { class: "log", tabindex: "0", "aria-label": "The end of the log" }, entries.map(logLine));

function patchSize(patch) {
  const { added, removed } = countLines(patch.split("\n"));
  return h("span", { class: "size" }, h("span", { class: "plus" }, `+${added}`), " ", h("span", { class: "minus" }, `−${removed}`));
}

function countLines(lines) {
  let added = 0;
  let removed = 0;
  let inHunk = false;
  for (const line of lines) {
    if (line.startsWith("diff --git")) inHunk = false;
    else if (line.startsWith("@@")) inHunk = true;
    else if (inHunk && line.startsWith("+")) added += 1;
    else if (inHunk && line.startsWith("-")) removed += 1;
  }
  return { added, removed };
}

const FILES_OPEN = 12;
const LINES_MOST = 3000; // of one file, until somebody asks for more

function patchView(patch, cut, card) {
  const files = patch.split(/^(?=diff --git )/m).filter((part) => part.trim());
  return [
    files.map((part, number) => fileView(part, number < FILES_OPEN, card)),
    cut ? h("p", { class: "cut" }, `Cut here: ${Math.ceil(cut / 1000)} kB more. `, command(`gitkanban show ${quoted(card.id)} --diff`)) : null,
    files.length ? null : h("p", { class: "none" }, "It changes no file."),
  ];
}

function fileView(part, open, card) {
  const lines = part.replace(/\n$/, "").split("\n");
  const hunk = lines.findIndex((line) => line.startsWith("@@"));
  const head = lines.slice(0, hunk < 0 ? lines.length : hunk);
  const named = (start) => (head.find((line) => line.startsWith(start)) || "").slice(start.length);
  const after = named("+++ ").replace(/^("?)b\//, "$1");
  const name = named("rename to ") || (after && after !== "/dev/null" ? after : named("--- ").replace(/^("?)a\//, "$1")) || head[0].replace(/^diff --git /, "");
  const what = head.some((line) => line.startsWith("new file")) ? "new" : head.some((line) => line.startsWith("deleted file")) ? "deleted" : named("rename from ") ? "renamed" : head.some((line) => line.startsWith("Binary")) ? "binary" : "";
  const { added, removed } = countLines(lines);
  const body = h("div", { class: "code", tabindex: "0", role: "region", "aria-label": `Changes of ${name}` });
  const view = h("details", { class: "file" }, h("summary", null, words(name, { class: "mono" }), what ? h("span", { class: "label" }, what) : null,
    h("span", { class: "size" }, h("span", { class: "plus" }, `+${added}`), " ", h("span", { class: "minus" }, `−${removed}`))), body);
  const show = () => {
    if (!body.childNodes.length) body.append(...more(numbered(hunk < 0 ? head : lines.slice(hunk)), LINES_MOST, (line) => codeLine(line, card, name), "div", "lines"));
  };
  view.addEventListener("toggle", () => view.open && show());
  if (open) {
    view.open = true;
    show();
  }
  return view;
}

// [old line, new line, kind, text] of each line of a file's hunks.
function numbered(lines) {
  let old = 0;
  let now = 0;
  return lines.map((line) => {
    const begin = /^@@ -(\d+)(?:,\d+)? \+(\d+)/.exec(line);
    if (begin) {
      old = Number(begin[1]);
      now = Number(begin[2]);
      return ["", "", "hunk", line];
    }
    if (line.startsWith("+")) return ["", now++, "plus", line];
    if (line.startsWith("-")) return [old++, "", "minus", line];
    if (line.startsWith(" ") || line === "") return [old++, now++, "", line || " "];
    return ["", "", "hunk", line];
  });
}

function codeLine([old, now, kind, text], card, name) {
  const at = (number) => h("span", { class: "at", "aria-hidden": "true" }, String(number));
  const spot = kind === "hunk" ? null : { path: unquoted(name), line: kind === "minus" ? old : now, removed: kind === "minus" };
  const row = h("div", { class: `row ${kind}` }, at(old), at(now), spot && hand.lineTool(card, spot), h("code", { dir: "auto" }, text));
  return [row, spot && hand.underLine(card, spot)].filter(Boolean);
}

// A file's name as it is; git quotes one that has quotes, backslashes or bytes beyond ASCII.
function unquoted(name) {
  if (!/^".*"$/.test(name)) return name;
  const codes = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 };
  const bytes = [...name.slice(1, -1).matchAll(/\\([0-7]{3})|\\(.)|([^\\])/gu)].flatMap(([, octal, escaped, plain]) =>
    octal ? [parseInt(octal, 8)] : escaped && codes[escaped] ? [codes[escaped]] : [...new TextEncoder().encode(escaped || plain)]);
  return new TextDecoder().decode(new Uint8Array(bytes)).replace(/^[ab]\//, "");
}

function showCard(id, to) {
  const card = byId.get(id);
  const box = document.getElementById("drawer");
  if (!card) {
    const part = document.getElementById(id);
    if (id && !(part && part.closest("main"))) toast(`There is no card ${id} on this page.`);
    return closeCard();
  }
  if (!openCard) cameFrom = document.activeElement;
  openCard = id;
  hand.opened();
  box.replaceChildren(...drawer(card, to).filter(Boolean));
  box.hidden = false;
  box.scrollTop = 0;
  document.body.classList.add("with-drawer");
  markOpen();
  const part = to && document.getElementById(`drawer-${to}`);
  if (part) part.scrollIntoView();
  document.getElementById("drawer-title").focus({ preventScroll: Boolean(part) });
  return undefined;
}

function closeCard() {
  const box = document.getElementById("drawer");
  if (box.hidden) return;
  const was = openCard;
  openCard = "";
  hand.opened();
  box.hidden = true;
  box.replaceChildren();
  document.body.classList.remove("with-drawer");
  if (location.hash) window.history.pushState(null, "", location.pathname + location.search);
  markOpen();
  const back = cameFrom && cameFrom !== document.body && cameFrom.isConnected ? cameFrom : [...document.querySelectorAll("main a[data-card]")].find((link) => link.dataset.card === was);
  if (back) back.focus();
}

function markOpen() {
  for (const link of document.querySelectorAll("main [data-card]")) {
    if (link.dataset.card === openCard) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

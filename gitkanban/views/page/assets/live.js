// The page that a server keeps up to date: one stream brings the board and the open card's log.

const TOKEN = "gitkanban-token";
const TOO_OLD = 30; // seconds without a word, though the server speaks each 15
let token = "";
let version = "";
let stream = null; // what ends it
let tries = 0;
let heardAt = 0;
let skew = 0; // seconds that the server's clock is ahead of ours
let trouble = null; // why the server cannot read the board
let lost = ""; // why the board is not up to date
const log = { card: "", run: "", ended: false, entries: [] };
const LOG_MOST = 2000; // entries that are shown

Object.assign(hand, {
  live: true,
  state: () => [h("span", { class: lost ? "dot off" : "dot", "aria-hidden": "true" }), lost ? "not live" : "live"],
  opened: () => {
    if (log.card === openCard) return;
    Object.assign(log, { card: openCard, run: "", ended: false, entries: [] });
    connect();
  },
  logPart: (entries, open, card) => {
    const mine = log.card === card.id && log.run ? log.entries : entries || [];
    return mine.length || card.group === "running" ? fold("log", liveLogTitle(card), open || card.group === "running", logView(mine)) : null;
  },
});

const liveLogTitle = (card) => (card.group === "running" ? "Log, live" : "Log");

// The token comes in the address once; from then on only this tab has it.
function takeToken() {
  const given = /^#token=([\w-]+)$/.exec(location.hash);
  try {
    if (given) sessionStorage.setItem(TOKEN, given[1]);
    token = given ? given[1] : sessionStorage.getItem(TOKEN) || "";
  } catch {
    token = given ? given[1] : token; // a tab that may store nothing has it until it is loaded again
  }
  if (given) window.history.replaceState(null, "", location.pathname);
  return Boolean(given);
}

function sayLost(message, hint) {
  lost = message;
  const box = document.getElementById("trouble");
  box.replaceChildren(...(message ? [h("b", null, words(message)), hint ? h("span", null, words(hint)) : null].filter(Boolean) : []));
  box.hidden = !message;
  document.body.classList.toggle("stale", Boolean(message));
  const made = document.getElementById("made");
  if (made) made.replaceWith(madeWords());
}

async function connect() {
  if (stream) stream.abort();
  const mine = new AbortController();
  stream = mine;
  if (document.hidden || !token) {
    if (!token) sayLost("This tab has no key.", "Open the address that gitkanban web printed.");
    return;
  }
  try {
    await listen(mine);
  } catch {
    // Told below: whatever ended it, the server is asked again.
  }
  if (stream !== mine || mine.signal.aborted) return;
  if (mine.denied) return;
  tries += 1;
  if (tries > 1) sayLost("The server cannot be reached.", "Trying again. If it has ended, start gitkanban web and open the address that it prints.");
  setTimeout(() => stream === mine && connect(), Math.min(5000, 300 * 2 ** tries));
}

async function listen(mine) {
  const query = new URLSearchParams({ since: version, log: openCard });
  const answer = await fetch(`/live?${query}`, { headers: { "x-gitkanban-token": token }, signal: mine.signal, cache: "no-store" });
  if (!answer.ok) {
    const { message, hint } = await answer.json();
    mine.denied = answer.status === 401;
    sayLost(`${message[0].toUpperCase()}${message.slice(1)}.`, hint);
    return;
  }
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  trouble = null;
  heardAt = Date.now();
  for (;;) {
    const piece = await reader.read();
    if (piece.done) return;
    heardAt = Date.now();
    let from = Math.max(0, rest.length - 1);
    rest += piece.value;
    for (let end = rest.indexOf("\n\n", from); end >= 0; end = rest.indexOf("\n\n", from)) {
      takeMessage(JSON.parse(rest.slice(rest.indexOf(" "), end)));
      rest = rest.slice(end + 2);
      from = 0;
    }
  }
}

function takeMessage(message) {
  tries = 0;
  if (message.board) {
    version = message.version;
    skew = message.board.now - Date.now() / 1000;
    takeBoard(message.board, message.acts);
  }
  if (message.trouble !== undefined) trouble = message.trouble;
  if (trouble) sayLost(trouble.message, trouble.hint);
  else if (lost) sayLost("", "");
  if (message.words) {
    hand.lastWords = message.words;
    if (value) redraw(["slots"]);
  }
  if (message.log) takeLog(message.log);
}

function takeBoard(given, acts) {
  canAct = acts;
  if (!value) {
    show(given);
    begin();
  } else {
    const before = drawerKey(openCard);
    takeIn(given);
    document.getElementById("board-at").replaceWith(boardWords());
    redraw(Object.keys(PARTS));
    if (openCard && drawerKey(openCard) !== before) redrawCard();
  }
  const needs = count("needs-you");
  document.title = `${needs ? `(${needs}) ` : ""}${value.board.repository || "board"}: ${value.progress.done} of ${value.progress.total} done`;
}

const drawerKey = (id) => JSON.stringify([(value.cards.find((row) => row[0] === id) || []), { ...value.details[id], log: null }]);

function redrawCard() {
  const card = byId.get(openCard);
  if (!card) return closeCard();
  const box = document.getElementById("drawer");
  const back = stateOf(box);
  const at = box.scrollTop;
  box.replaceChildren(...drawer(card, "").filter(Boolean));
  back(box);
  box.scrollTop = at;
  return undefined;
}

function takeLog(given) {
  if (given.card !== openCard) return;
  log.entries = (given.fresh ? given.entries : [...log.entries, ...given.entries]).slice(-LOG_MOST);
  Object.assign(log, { card: given.card, run: given.run, ended: given.ended });
  const old = document.querySelector("#drawer-log .log");
  if (!old || given.fresh) return redrawCard() || followLog();
  const follows = old.scrollHeight - old.scrollTop - old.clientHeight < 40;
  old.append(...given.entries.map(logLine));
  while (old.children.length > LOG_MOST) old.firstChild.remove();
  return follows ? followLog() : undefined;
}

function followLog() {
  const list = document.querySelector("#drawer-log .log");
  if (list) list.scrollTop = list.scrollHeight;
}

document.getElementById("app").append(h("p", { class: "waiting" }, "Reading the board …"));
takeToken();
window.addEventListener("hashchange", (event) => {
  if (!takeToken()) return;
  event.stopImmediatePropagation();
  version = "";
  tries = 0;
  connect();
});
document.addEventListener("visibilitychange", () => connect());
setInterval(() => {
  if (!document.hidden && heardAt && Date.now() - heardAt > TOO_OLD * 1000) connect();
  if (!value || document.hidden) return;
  value.now = Math.floor(Date.now() / 1000 + skew);
  redraw(["summary", "queue", "slots", "board"]);
}, 10000);
connect();

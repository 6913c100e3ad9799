// The graph of what waits for what, laid out by dagre. What is done is folded away; so are cards that
// differ in nothing the graph shows, and, on a large board, what is far from what moves.

const NODES_MOST = 120;
const NODE = { width: 168, height: 40 };
const unfolded = new Set();
let graphWithDone = null; // until somebody chooses: only where nothing else can be drawn

function graphNodes() {
  const isOver = (card) => !card || card.group === "done" || card.group === "dropped";
  const done = cards.filter(isOver);
  const openLinks = cards.some((card) => !isOver(card) && card.parents.some((id) => !isOver(byId.get(id))));
  const showDone = (graphWithDone === null ? !openLinks : graphWithDone) && cards.length <= 300;
  const drawn = new Set(cards.filter((card) => showDone || !isOver(card)).map((card) => card.id));
  const linked = new Set();
  for (const card of cards) {
    if (!drawn.has(card.id)) continue;
    for (const parent of card.parents) if (drawn.has(parent)) linked.add(parent).add(card.id);
  }
  const chain = new Set(value.forecast ? value.forecast.chain : []);
  let list = cards.filter((card) => linked.has(card.id));
  const lone = drawn.size - list.length;
  let folded = 0;
  let nodes = list.map((card) => ({ key: card.id, ids: [card.id] }));
  if (list.length > 40) nodes = stacks(list, linked, chain);
  if (nodes.length > NODES_MOST) {
    const near = nearest(nodes, chain);
    folded = nodes.filter((node) => !near.has(node.key)).reduce((sum, node) => sum + node.ids.length, 0);
    nodes = nodes.filter((node) => near.has(node.key));
  }
  return { nodes, lone, folded, chain, done: done.length, showDone, canShowDone: done.length > 0 && cards.length <= 300 };
}

// Cards with the same parents, children and state are one pile, until somebody unfolds it.
function stacks(list, linked, chain) {
  const piles = new Map();
  for (const card of list) {
    const around = [card.parents, childrenOf.get(card.id) || []].map((ids) => ids.filter((id) => linked.has(id)).sort().join(" "));
    let key = chain.has(card.id) || changeOf.has(card.id) ? card.id : `${card.state}|${around.join("|")}`;
    if (unfolded.has(key)) key = card.id;
    if (!piles.has(key)) piles.set(key, []);
    piles.get(key).push(card.id);
  }
  return [...piles].map(([key, ids]) => ({ key: ids.length > 1 ? key : ids[0], pile: ids.length > 1 ? key : "", ids }));
}

// The chain and what changes; then what needs somebody or moves, each with its way down to what is
// there already. What is left without a line to anything drawn is folded, too.
function nearest(nodes, chain) {
  const at = new Map(nodes.flatMap((node) => node.ids.map((id) => [id, node.key])));
  const near = new Set(nodes.filter((node) => chain.has(node.ids[0]) || changeOf.has(node.ids[0])).slice(0, NODES_MOST).map((node) => node.key));
  const moving = cards.filter((card) => at.has(card.id) && (card.group === "needs-you" || card.group === "running" || card.group === "next"));
  moving.sort((one, other) => other.holds - one.holds);
  for (let card of moving) {
    for (let steps = 0; card && steps < 6 && near.size < NODES_MOST; steps += 1) {
      near.add(at.get(card.id));
      const kids = (childrenOf.get(card.id) || []).filter((id) => at.has(id)).map((id) => byId.get(id));
      card = kids.some((kid) => near.has(at.get(kid.id))) ? null : kids.sort((one, other) => other.holds - one.holds)[0];
    }
  }
  const joined = new Set();
  for (const [id, key] of at) {
    for (const parent of byId.get(id).parents) {
      const above = at.get(parent);
      if (above !== key && near.has(key) && near.has(above)) joined.add(key).add(above);
    }
  }
  return joined.size ? joined : new Set(nodes.slice(0, NODES_MOST).map((node) => node.key));
}

function graph() {
  if (!cards.some((card) => card.parents.length)) return null;
  const holder = h("div", { class: "graph-box", tabindex: "0", role: "group", "aria-label": "Graph of cards; every card in it is a link. The board above says the same in words." });
  const note = h("p", { class: "legend" });
  const controls = h("div", { class: "controls" });
  const part = section("graph", "Graph", "");
  const draw = () => {
    const found = graphNodes();
    controls.replaceChildren(...(found.canShowDone ? [h("label", null, checkbox(found.showDone, (on) => {
      graphWithDone = on;
      draw();
    }), `draw finished cards (${found.done})`)] : []), ...(unfolded.size ? [h("button", { type: "button", class: "small", onclick: () => {
      unfolded.clear();
      draw();
    } }, "fold again")] : []));
    part.classList.toggle("broad", found.nodes.length > 30);
    controls.hidden = !controls.childNodes.length;
    holder.replaceChildren(found.nodes.length ? drawGraph(found, draw) : h("p", { class: "none" }, "No open card waits for another one."));
    const first = holder.querySelector(".node.bold");
    if (first) {
      const [box, at] = [holder.getBoundingClientRect(), first.getBoundingClientRect()];
      holder.scrollTo(at.left - box.left + holder.scrollLeft - 24, at.top - box.top + holder.scrollTop - 140);
    }
    const time = value.forecast && value.forecast.chain_seconds ? `, about ${span(value.forecast.chain_seconds)} at the usual pace` : "";
    note.replaceChildren(
      ...(found.chain.size > 1 ? [h("b", null, "Bold"), `: the longest chain of work left, ${plural(found.chain.size, "card")}${time}. `] : []),
      [found.done && !found.showDone ? `${found.done} done or dropped are folded away. ` : "",
        found.lone ? `${plural(found.lone, "card")} without open links ${found.lone === 1 ? "is" : "are"} not drawn. ` : "",
        found.folded ? `${found.folded} further away are folded; open a card for what surrounds it.` : ""].join(""));
  };
  part.append(controls, holder, note);
  whenSeen(holder, draw);
  return part;
}

function checkbox(on, change) {
  const box = h("input", { type: "checkbox" });
  box.checked = on;
  box.addEventListener("change", () => change(box.checked));
  return box;
}

function drawGraph({ nodes, chain }, redraw) {
  const layout = new dagre.graphlib.Graph();
  layout.setGraph({ rankdir: "LR", nodesep: 12, ranksep: 44, marginx: 8, marginy: 8 });
  layout.setDefaultEdgeLabel(() => ({}));
  const at = new Map(nodes.flatMap((node) => node.ids.map((id) => [id, node.key])));
  for (const node of nodes) layout.setNode(node.key, { ...NODE });
  const bold = new Set();
  const inOrder = [...chain];
  inOrder.forEach((id, place) => place && bold.add(`${inOrder[place - 1]}\n${id}`));
  for (const node of nodes) {
    for (const id of node.ids) {
      for (const parent of byId.get(id).parents) {
        if (at.has(parent) && at.get(parent) !== node.key) layout.setEdge(at.get(parent), node.key, { bold: bold.has(`${parent}\n${id}`) });
      }
    }
  }
  dagre.layout(layout);
  const { width, height } = layout.graph();
  const edges = layout.edges().map((edge) => {
    const { points, bold: isBold } = layout.edge(edge);
    return s("path", { d: curve(points), class: isBold ? "edge bold" : "edge", "marker-end": isBold ? "url(#tip-bold)" : "url(#tip)" });
  });
  const boxes = nodes.map((node) => {
    const { x, y } = layout.node(node.key);
    return node.pile ? pileBox(node, x, y, redraw) : cardBox(byId.get(node.ids[0]), x, y, chain);
  });
  const tip = (id) => s("marker", { id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" }, s("path", { d: "M0 1l7 3-7 3z", class: id }));
  return s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, class: "graph" }, s("defs", null, tip("tip"), tip("tip-bold")), edges, boxes);
}

function curve(points) {
  const [first, ...rest] = points;
  let path = `M${first.x} ${first.y}`;
  if (rest.length === 1) path += ` L${rest[0].x} ${rest[0].y}`;
  for (let number = 0; number < rest.length - 1; number += 1) {
    const by = rest[number];
    const next = rest[number + 1];
    const to = number === rest.length - 2 ? next : { x: (by.x + next.x) / 2, y: (by.y + next.y) / 2 };
    path += ` Q${by.x} ${by.y} ${to.x} ${to.y}`;
  }
  return path;
}

// A text of about so many letters; those of East Asia and emoji take nearly two.
function short(text, most) {
  const signs = [...text];
  let room = most;
  const end = signs.findIndex((sign) => (room -= sign.codePointAt(0) > 0x10ff ? 1.9 : 1) < 0);
  return end < 0 ? text : `${signs.slice(0, Math.max(1, end - 1)).join("")}…`;
}

function cardBox(card, x, y, chain) {
  const change = changeOf.get(card.id);
  const names = [`node is-${card.state}`, chain.has(card.id) && "bold", change && `is-${change.kind}`, !matches(card) && "pale"].filter(Boolean).join(" ");
  const label = `${card.id}, ${STATE_WORDS[card.state] || card.state}: ${card.title}${card.parents.length ? `; after ${card.parents.join(", ")}` : ""}${chain.has(card.id) ? "; on the longest chain" : ""}`;
  const mark = change ? { added: "+ ", changed: "~ ", removed: "− ", archived: "− " }[change.kind] : "";
  return s("a", { href: `#${encodeURIComponent(card.id)}`, class: names, transform: `translate(${x - NODE.width / 2} ${y - NODE.height / 2})`, "data-card": card.id },
    s("title", null, label), s("rect", { width: NODE.width, height: NODE.height, rx: 7 }),
    s("g", { transform: "translate(8 4)" }, sign(card.state)),
    s("text", { x: 29, y: 16.5, class: "id", "aria-hidden": "true" }, mark + short(card.id, 18)), s("text", { x: 10, y: 32.5, "aria-hidden": "true" }, short(card.title, 22)));
}

function pileBox(node, x, y, redraw) {
  const card = byId.get(node.ids[0]);
  const unfold = () => {
    unfolded.add(node.pile);
    redraw();
  };
  const label = `${node.ids.length} cards alike, ${STATE_WORDS[card.state] || card.state}, from ${node.ids[0]} to ${node.ids[node.ids.length - 1]}: unfold`;
  return s("g", { class: `node pile is-${card.state}`, role: "button", tabindex: "0", "aria-label": label, transform: `translate(${x - NODE.width / 2} ${y - NODE.height / 2})`, onclick: unfold,
    onkeydown: (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        unfold();
      }
    } },
  s("rect", { x: 4, y: 4, width: NODE.width, height: NODE.height, rx: 7 }), s("rect", { width: NODE.width, height: NODE.height, rx: 7 }),
  s("g", { transform: "translate(8 4)" }, sign(card.state)),
  s("text", { x: 29, y: 16.5, class: "id", "aria-hidden": "true" }, `${node.ids.length} cards alike`), s("text", { x: 10, y: 32.5, "aria-hidden": "true" }, short(`${node.ids[0]} … ${node.ids[node.ids.length - 1]}`, 22)));
}

// Draws when it comes near the screen, so that the page is there at once; printing draws all.
const undrawn = new Map();
function whenSeen(node, draw) {
  undrawn.set(node, draw);
  if (!whenSeen.watcher) {
    whenSeen.watcher = new IntersectionObserver((seen) => seen.filter((each) => each.isIntersecting).forEach((each) => drawNow(each.target)), { rootMargin: "400px" });
    window.addEventListener("beforeprint", () => [...undrawn.keys()].forEach(drawNow));
  }
  whenSeen.watcher.observe(node);
}

function drawNow(node) {
  whenSeen.watcher.unobserve(node);
  const draw = undrawn.get(node);
  undrawn.delete(node);
  if (draw) draw();
}

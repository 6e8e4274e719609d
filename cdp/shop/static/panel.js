// The panel beside the shop: it asks twice a second what is new.

const MILLISECONDS = 500;
const find = (id) => document.getElementById(id);

function make(name, text = "", className = "") {
  const element = document.createElement(name);
  element.textContent = text;
  if (className) element.className = className;
  return element;
}

function list(className, items) {
  const made = make("ul", "", className);
  made.append(...items.map((item) => (typeof item === "string" ? make("li", item) : item)));
  return made;
}

function showWho({ title, how, facts, segments }) {
  const chips = segments.map(({ name, means }) => {
    const chip = make("li", name.replaceAll("_", " "));
    chip.title = means;
    return chip;
  });
  find("who").replaceChildren(make("strong", title), make("p", how), list("facts", facts), list("chips", chips));
}

function showDecision(decision) {
  if (!decision) return find("decision").replaceChildren(make("p", "None yet: the cart asks for one."));
  const rows = decision.blocks.map(({ slot, title, offer, why }) => {
    const row = make("li");
    row.append(make("span", slot, "slot-name"), make("strong", title));
    if (offer) row.append(make("span", offer, "offer"));
    if (why.length) {
      const details = make("details");
      details.append(make("summary", "why"), list("why", why));
      row.append(details);
    }
    return row;
  });
  find("decision").replaceChildren(make("p", decision.how), list("blocks", rows));
}

function entry({ number, kind, title, status, lines, data }) {
  const item = make("li", "", kind);
  item.dataset.number = number;
  const details = make("details");
  const head = make("summary");
  head.append(make("span", title, "title"), make("span", status, `status ${status}`));
  details.append(head, list("lines", lines));
  if (data) details.append(make("pre", data));
  item.append(details);
  return item;
}

let last = 0;
let drawn = "";

async function update() {
  const response = await fetch(`/panel?after=${last}`);
  const { entries, who, decision, gateway } = await response.json();
  find("log").prepend(...entries.filter(({ number }) => number > last).map(entry));
  last = Math.max(last, ...entries.map(({ number }) => number));
  const drawing = JSON.stringify([who, decision]);
  if (drawing !== drawn) {
    const open = [...document.querySelectorAll("#decision details[open]")].length > 0;
    showWho(who);
    if (!open || !drawn) showDecision(decision);
    drawn = drawing;
  }
  find("gateway-state").textContent = gateway ? "The gateway is up." : "The gateway is down.";
  const button = find("gateway-switch");
  button.value = gateway ? "no" : "yes";
  button.textContent = gateway ? "Stop it" : "Start it again";
}

find("gateway").addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = new URLSearchParams({ is_up: find("gateway-switch").value });
  await fetch("/gateway", { method: "POST", body });
  await update();
});

async function follow() {
  if (!document.hidden) await update().catch(() => {}); // The shop has stopped: it may come back.
  setTimeout(follow, MILLISECONDS);
}
void follow();

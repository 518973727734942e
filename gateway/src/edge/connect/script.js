const address = `${location.origin}/mcp`;
const byId = (id) => document.getElementById(id);

for (const block of document.querySelectorAll("pre")) block.textContent = block.textContent.replace("ADDRESS", address);
byId("address").textContent = address;
const local = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
if (location.protocol === "http:" && !local) {
  byId("claude-desktop").textContent = byId("claude-desktop").textContent.replace('"--header"', '"--allow-http", "--header"');
}

// Links that install: the client asks for the token, or reads it from the environment; it is never in the link.
const cursor = JSON.parse(byId("cursor").textContent).mcpServers.aurora;
byId("cursor-link").href = `cursor://anysphere.cursor-deeplink/mcp/install?name=aurora&config=${encodeURIComponent(btoa(JSON.stringify(cursor)))}`;
const { inputs, servers } = JSON.parse(byId("vscode").textContent);
byId("vscode-link").href = `vscode:mcp/install?${encodeURIComponent(JSON.stringify({ name: "aurora", inputs, ...servers.aurora }))}`;

document.addEventListener("click", async ({ target }) => {
  const source = target.dataset?.copy && byId(target.dataset.copy);
  if (!source) return;
  try {
    await navigator.clipboard.writeText(source.textContent);
    target.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(source); // Without https a page may not copy: select it for the user.
    target.textContent = "Selected";
  }
});

class Refused extends Error {}

async function read(token, uri, id) {
  const response = await fetch("/mcp", {
    method: "POST",
    credentials: "same-origin", // the cookie of a sign-in proxy in front; the gateway has none
    headers: {
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      "MCP-Protocol-Version": "2025-11-25",
    },
    body: JSON.stringify({ jsonrpc: "2.0", id, method: "resources/read", params: { uri } }),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(`${response.status}: ${answer.message ?? response.statusText}`);
  if (answer.error) throw new Refused(answer.error.message);
  return JSON.parse(answer.result.contents[0].text);
}

function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

function table(caption, rows) {
  const made = document.createElement("table");
  made.createCaption().textContent = caption;
  for (const [name, ...cells] of rows) {
    const row = made.insertRow();
    const head = element("th", name);
    head.scope = "row";
    row.append(head, ...cells);
  }
  return made;
}

const said = (value) => (value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value));
const MARKS = { healthy: "●", degraded: "▲", unhealthy: "✕" };

function healthRow([name, one]) {
  const message = element("td", one.message ?? "");
  if (one.hint) message.append(element("small", one.hint));
  return [name, element("td", `${MARKS[one.status] ?? "○"} ${one.status.replaceAll("_", " ")}`, one.status), message];
}

byId("check").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.target.querySelector("button");
  const result = byId("result");
  const token = byId("token").value.trim().replace(/^Bearer\s+/i, "");
  button.disabled = true;
  result.replaceChildren(element("p", "Checking …"));
  try {
    if (!/^[\x21-\x7e]+$/.test(token)) throw new Refused("This is not a token: it has spaces or characters that no token has.");
    const [whoami, health] = await Promise.all([read(token, "aurora://whoami", 1), read(token, "aurora://health", 2)]);
    result.replaceChildren(
      element("p", "The token works.", "healthy"),
      table("Who you are", Object.entries(whoami).map(([name, value]) => [name.replaceAll("_", " "), element("td", said(value))])),
      table(`Health: ${health.overall_status}`, Object.entries(health.components).map(healthRow)),
    );
  } catch (error) {
    const text = error instanceof Refused ? error.message : "The gateway doesn't answer.";
    result.replaceChildren(element("p", text, "refused"));
  } finally {
    button.disabled = false;
  }
});

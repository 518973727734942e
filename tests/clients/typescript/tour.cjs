// What every client of the test does over a connection: list, call, read, get a prompt. Prints what it saw as one line of JSON.

/** The server of a client configuration (mcp.json). */
function configuration(path) {
  return JSON.parse(require("node:fs").readFileSync(path, "utf8")).mcpServers.aurora;
}

async function tour(client) {
  const { tools } = await client.listTools();
  const called = await client.callTool({ name: "list_incidents", arguments: { status: "investigating" } });
  const { resources } = await client.listResources();
  const read = await client.readResource({ uri: "aurora://health" });
  const { prompts } = await client.listPrompts();
  const prompt = await client.getPrompt({ name: "investigate_incident", arguments: { incident_id: called.structuredContent.incidents[0].id } });
  console.log(
    JSON.stringify({
      server: client.getServerVersion().name,
      tools: tools.map((tool) => tool.name),
      call: called.structuredContent,
      resources: resources.map((resource) => resource.uri),
      resource: JSON.parse(read.contents[0].text),
      prompts: prompts.map((one) => one.name),
      prompt: prompt.messages[0].content.text,
    }),
  );
  await client.close();
}

module.exports = { configuration, tour };

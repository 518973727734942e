// The official TypeScript SDK, version 2. Takes the client configuration (mcp.json) as its argument.

const { Client, StreamableHTTPClientTransport } = require("@modelcontextprotocol/client");
const { configuration, tour } = require("./tour.cjs");

async function main() {
  const { url, headers } = configuration(process.argv[2]);
  const client = new Client({ name: "typescript-sdk-2", version: "1" });
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  await tour(client);
}

main();

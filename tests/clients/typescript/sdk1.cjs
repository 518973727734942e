// The official TypeScript SDK, version 1. Takes the client configuration (mcp.json) as its argument.

const { Client } = require("@modelcontextprotocol/sdk/client/index.js");
const { StreamableHTTPClientTransport } = require("@modelcontextprotocol/sdk/client/streamableHttp.js");
const { configuration, tour } = require("./tour.cjs");

async function main() {
  const { url, headers } = configuration(process.argv[2]);
  const client = new Client({ name: "typescript-sdk-1", version: "1" });
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  await tour(client);
}

main();

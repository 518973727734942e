// A client that only speaks stdio, through mcp-remote. Takes the client configuration (mcp.json) as its argument.

const { Client } = require("@modelcontextprotocol/sdk/client/index.js");
const { StdioClientTransport } = require("@modelcontextprotocol/sdk/client/stdio.js");
const { configuration, tour } = require("./tour.cjs");

async function main() {
  const { url, headers } = configuration(process.argv[2]);
  const client = new Client({ name: "stdio", version: "1" });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [require.resolve("mcp-remote/dist/proxy.js"), url, "--allow-http", "--transport", "http-only", "--header", "Authorization:${AUTHORIZATION}"],
    env: { ...process.env, AUTHORIZATION: headers.Authorization },
  });
  await client.connect(transport);
  await tour(client);
}

main();

"""The official Python SDK, version 1. Takes the client configuration (mcp.json) as its argument; prints what it saw as JSON."""

import json
import sys

import anyio
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from pydantic import AnyUrl


async def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        server = json.load(file)["mcpServers"]["aurora"]
    async with streamablehttp_client(server["url"], headers=server["headers"]) as (reader, writer, _):
        async with ClientSession(reader, writer) as client:
            started = await client.initialize()
            tools = (await client.list_tools()).tools
            called = (await client.call_tool("list_incidents", {"status": "investigating"})).structuredContent
            resources = (await client.list_resources()).resources
            read = await client.read_resource(AnyUrl("aurora://health"))
            prompts = (await client.list_prompts()).prompts
            prompt = await client.get_prompt("investigate_incident", {"incident_id": called["incidents"][0]["id"]})
    seen = {
        "server": started.serverInfo.name,
        "tools": [tool.name for tool in tools],
        "call": called,
        "resources": [str(resource.uri) for resource in resources],
        "resource": json.loads(read.contents[0].text),
        "prompts": [one.name for one in prompts],
        "prompt": prompt.messages[0].content.text,
    }
    print(json.dumps(seen))


anyio.run(main)

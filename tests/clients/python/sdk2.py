"""The official Python SDK, version 2. Takes the client configuration (mcp.json) as its argument; prints what it saw as JSON."""

import json
import sys

import anyio
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client


async def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        server = json.load(file)["mcpServers"]["aurora"]
    async with create_mcp_http_client(headers=server["headers"]) as http:
        async with Client(streamable_http_client(server["url"], http_client=http)) as client:
            name = client.server_info.name
            tools = (await client.list_tools()).tools
            called = (await client.call_tool("list_incidents", {"status": "investigating"})).structured_content
            resources = (await client.list_resources()).resources
            read = await client.read_resource("aurora://health")
            prompts = (await client.list_prompts()).prompts
            prompt = await client.get_prompt("investigate_incident", {"incident_id": called["incidents"][0]["id"]})
    seen = {
        "server": name,
        "tools": [tool.name for tool in tools],
        "call": called,
        "resources": [str(resource.uri) for resource in resources],
        "resource": json.loads(read.contents[0].text),
        "prompts": [one.name for one in prompts],
        "prompt": prompt.messages[0].content.text,
    }
    print(json.dumps(seen))


anyio.run(main)

"""Calls Aurora through an MCP endpoint, with the official SDK: call.py URL TOKEN. Ends with an error if anything is amiss."""

import json
import sys

import anyio
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client


async def main(url: str, token: str) -> None:
    async with create_mcp_http_client(headers={"Authorization": f"Bearer {token}"}) as http:
        async with Client(streamable_http_client(url, http_client=http)) as client:
            result = await client.call_tool("list_incidents", {"status": "investigating"})
            assert not result.is_error, result.content
            incidents = json.loads(result.content[0].text)["incidents"]
            assert incidents, "no incident was found"
            health = json.loads((await client.read_resource("aurora://health")).contents[0].text)
            status = {name: one["status"] for name, one in health["components"].items()}
            assert status["database"] == status["redis"] == status["aurora_api"] == "healthy", status
            print(f"    {len(incidents)} incidents under investigation, the first: {incidents[0]['alert']['title']}")
            print(f"    health: {', '.join(f'{name} {one}' for name, one in status.items())}")


anyio.run(main, *sys.argv[1:])

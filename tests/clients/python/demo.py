"""Shows, with the official Python SDK, what an MCP client sees of Aurora. Takes the client configuration as its argument."""

import json
import shutil
import sys
import textwrap
import time

import anyio
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

DEPENDENCIES = ("database", "redis", "weaviate", "celery")
DEADLINE = 60.0  # seconds for all of them to be healthy
MARKS = {"healthy": "32", "degraded": "33", "unhealthy": "31"}


class Failed(Exception):
    """What was shown is not as it should be; the message says why."""


def coloured(text: str, code: str) -> str:
    return f"\033[{code}m{text}\033[0m" if sys.stdout.isatty() else text


def width() -> int:
    return min(shutil.get_terminal_size((110, 24)).columns, 140)


def cut(text: object, room: int) -> str:
    return textwrap.shorten(str(text), max(room, 12), placeholder=" …")


def heading(text: str) -> None:
    print("\n" + coloured(text, "1"))


def rows(table: list[tuple[object, ...]]) -> None:
    """Prints columns; the last one takes what room is left."""
    table = [tuple("-" if cell is None else str(cell) for cell in row) for row in table]
    if not table:
        print("  (none)")
        return
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]) - 1)]
    for row in table:
        start = "  " + "".join(cell.ljust(wide + 2) for cell, wide in zip(row, widths))
        print(start + cut(row[-1], width() - len(start)))


def answer(name: str, result) -> object:
    """The JSON that a tool answered; Failed if it answered with an error."""
    text = "\n".join(block.text for block in result.content if block.type == "text")
    if result.is_error:
        raise Failed(f"{name} failed: {cut(text, 400)}")
    return result.structured_content if result.structured_content is not None else json.loads(text)


def causes(error: BaseException) -> list[str]:
    if isinstance(error, BaseExceptionGroup):
        return [cause for one in error.exceptions for cause in causes(one)]
    return [str(error) or type(error).__name__]


async def show_tools(client: Client) -> None:
    heading("tools")
    rows([(tool.name, tool.description or "") for tool in (await client.list_tools()).tools])


async def show_incidents(client: Client) -> None:
    heading('list_incidents(status="investigating")')
    found = answer("list_incidents", await client.call_tool("list_incidents", {"status": "investigating"}))
    incidents = found["incidents"]
    rows([(one["id"], one["severity"], one["status"], one["alert"]["title"]) for one in incidents])
    if not incidents:
        raise Failed("no incident is being investigated")
    first = incidents[0]["id"]
    heading(f'get_incident(incident_id="{first}")')
    incident = answer("get_incident", await client.call_tool("get_incident", {"incident_id": first}))
    incident = incident.get("incident", incident)
    wanted = ("status", "severity", "startedAt", "affectedServices", "auroraStatus", "summary", "correlatedAlertCount")
    rows([(name, json.dumps(incident[name], ensure_ascii=False)) for name in wanted if name in incident])


async def show_api(client: Client) -> None:
    heading('aurora_api(method="GET", path="/health/")')
    report = answer("aurora_api", await client.call_tool("aurora_api", {"method": "GET", "path": "/health/"}))
    report = report.get("data", report)
    print("  overall: " + report["overall_status"])
    said = {name: one.get("message") or one.get("warning") or one.get("error") for name, one in report["checks"].items()}
    rows([(name, one["status"], said[name]) for name, one in report["checks"].items()])


async def show_health(client: Client) -> None:
    heading("aurora://health")
    began = time.monotonic()
    while True:
        report = json.loads((await client.read_resource("aurora://health", cache_mode="bypass")).contents[0].text)
        components = report["components"]
        ill = [name for name in DEPENDENCIES if components.get(name, {}).get("status") != "healthy"]
        if not ill or time.monotonic() - began > DEADLINE:
            break
        await anyio.sleep(1)
    overall = report["overall_status"]
    print("  overall: " + coloured(overall, MARKS.get(overall, "0")))
    rows([(name, one.get("status", "?"), one.get("message") or "") for name, one in components.items()])
    if ill:
        reasons = "; ".join(f"{name}: {components.get(name, {}).get('message', 'not reported')}" for name in ill)
        raise Failed(f"not healthy after {DEADLINE:.0f} s: {reasons}")


async def show_prompts(client: Client) -> None:
    heading("prompts")
    rows([(prompt.name, prompt.description or "") for prompt in (await client.list_prompts()).prompts])


async def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        server = json.load(file)["mcpServers"]["aurora"]
    print(f"connecting to {server['url']}")
    async with create_mcp_http_client(headers=server["headers"]) as http:
        async with Client(streamable_http_client(server["url"], http_client=http)) as client:
            name = client.server_info.name if client.server_info else "the server"
            print(f"{name} speaks MCP {client.protocol_version}")
            for show in (show_tools, show_incidents, show_api, show_health, show_prompts):
                await show(client)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: demo.py MCP.JSON")
    try:
        anyio.run(main)
    except* Exception as group:
        sys.exit("error: " + "; ".join(causes(group)))

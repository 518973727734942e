"""Makes something to see: tokens that come and go, calls that succeed and fail."""

import base64
import json
import urllib.error
import urllib.request

from prometheus import NAMESPACE, kubectl

NAME = "chart-dashboard"
USER = "alice@alpha.example"
CALLS = [
    ("tools/list", {}),
    ("resources/read", {"uri": "aurora://health"}),
    ("tools/call", {"name": "list_incidents", "arguments": {}}),
    ("tools/call", {"name": "get_graph_stats", "arguments": {}}),
    ("tools/call", {"name": "get_incident", "arguments": {"incident_id": "00000000-0000-4000-8000-00000000dead"}}),
]


def manifest(name):
    spec = {"user": {"email": USER}, "ttl": "1h", "deletionPolicy": "Delete"}
    return json.dumps({"apiVersion": "mcp.aurora-oss.dev/v1alpha1", "kind": "McpToken", "metadata": {"name": name}, "spec": spec})


class Load:
    def __enter__(self):
        address = kubectl("get", "service", "aurora-oss-mcp", "-o", "jsonpath={.spec.clusterIP}:{.spec.ports[0].port}")
        self.address = f"http://{address}/mcp"
        kubectl("apply", "-f", "-", stdin=manifest(NAME))
        kubectl("wait", f"mcptoken/{NAME}", "--for=condition=Ready", "--timeout=60s")
        self.token = base64.b64decode(kubectl("get", "secret", NAME, "-o", "jsonpath={.data.token}")).decode()
        return self

    def __exit__(self, *_):
        kubectl("delete", "mcptoken", NAME, f"{NAME}-passing", "--ignore-not-found", "--timeout=60s")

    def round(self):
        """Every call once, one with a wrong token, and a token that comes and goes."""
        for method, parameters in CALLS:
            self.call(self.token, method, parameters)
        self.call("wrong", "tools/list", {})
        kubectl("apply", "-f", "-", stdin=manifest(f"{NAME}-passing"))
        kubectl("delete", "mcptoken", f"{NAME}-passing", "--timeout=60s")

    def call(self, token, method, parameters):
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json, text/event-stream",
            "Content-Type": "application/json",
            "MCP-Protocol-Version": "2025-11-25",
            "Host": f"aurora-oss-mcp.{NAMESPACE}.svc",
        }
        message = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
        request = urllib.request.Request(self.address, message.encode(), headers)
        try:
            urllib.request.urlopen(request, timeout=30).read()
        except urllib.error.HTTPError as refused:
            if token == self.token:
                raise RuntimeError(f"{method}: {refused.code} {refused.read()[:200]}") from refused

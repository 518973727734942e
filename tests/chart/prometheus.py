"""A Prometheus of its own on loopback that scrapes the release in the cluster, for the time of a `with`."""

import json
import pathlib
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request

NAMESPACE = "aurora-oss"
JOB = "aurora-mcp-metrics"
PORT = 9190
METRICS = {"gateway": 9090, "operator": 8080}


def kubectl(*arguments, stdin=None):
    return subprocess.run(["kubectl", "-n", NAMESPACE, *arguments], input=stdin, check=True, capture_output=True, text=True).stdout


def targets():
    """The release's pods with the labels that the chart's ServiceMonitor would give them."""
    for component, port in METRICS.items():
        pods = kubectl("get", "pods", "-l", f"app.kubernetes.io/name=aurora-mcp,app.kubernetes.io/component={component}", "-o", "json")
        for pod in json.loads(pods)["items"]:
            labels = {"job": JOB, "namespace": NAMESPACE, "pod": pod["metadata"]["name"]}
            yield {"targets": [f"{pod['status']['podIP']}:{port}"], "labels": labels}


class Prometheus:
    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory()
        config = pathlib.Path(self.directory.name) / "prometheus.yml"
        scrape = {"job_name": JOB, "scrape_interval": "1s", "scrape_timeout": "1s", "static_configs": list(targets())}
        config.write_text(json.dumps({"scrape_configs": [scrape]}))  # JSON is YAML
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.directory.name}/data",
             f"--web.listen-address=127.0.0.1:{PORT}", "--log.level=warn"])
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.directory.cleanup()

    def _ask(self, path, **parameters):
        address = f"http://127.0.0.1:{PORT}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            return json.load(answer)["data"]["result"]

    def ready(self):
        try:
            return bool(self._ask("query", query="up"))
        except OSError:
            return False

    def now(self, query):
        """The values of an instant query that are numbers."""
        values = [float(series["value"][1]) for series in self._ask("query", query=query)]
        return [value for value in values if value == value]

    def lately(self, query, seconds):
        """Labels and points (time, value) of each series."""
        end = time.time()
        found = self._ask("query_range", query=query, start=end - seconds, end=end, step=1)
        points = lambda series: [(float(at), float(value)) for at, value in series["values"] if value != "NaN"]
        return [(series["metric"], points(series)) for series in found]

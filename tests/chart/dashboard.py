"""Runs the query of every panel of the dashboard against a real Prometheus that scrapes the release under load: each must
return data. With `--draw FILE` a picture of the panels is drawn from that data. After `make install`."""

import json
import pathlib
import sys
import time

from load import Load
from picture import draw
from prometheus import JOB, NAMESPACE, Prometheus

DASHBOARD = pathlib.Path(__file__).parents[2] / "charts/aurora-mcp/files/dashboard.json"
DEADLINE = 120
SHOWN = 60


def panels():
    """Title, unit and queries of each panel, with Grafana's variables filled in."""
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        if panel["type"] != "row":
            fill = lambda text: text.replace("$job", JOB).replace("$namespace", NAMESPACE).replace("$__rate_interval", "15s")
            queries = [(fill(target["expr"]), target["legendFormat"]) for target in panel["targets"]]
            yield panel["title"], panel["fieldConfig"]["defaults"]["unit"], queries


def empty(prometheus):
    return [f"{title}: {query}" for title, _, queries in panels() for query, _ in queries if not prometheus.now(query)]


def main():
    wanted = sys.argv[sys.argv.index("--draw") + 1] if "--draw" in sys.argv else None
    began = time.monotonic()
    with Prometheus() as prometheus, Load() as load:
        while True:
            load.round()
            passed = time.monotonic() - began
            missing = empty(prometheus) if prometheus.ready() else ["Prometheus is not up"]
            if not missing and (not wanted or passed > SHOWN):
                break
            if passed > DEADLINE:
                sys.exit("without data:\n" + "\n".join(missing))
        series = [(title, unit, [(legend, prometheus.lately(query, SHOWN)) for query, legend in queries]) for title, unit, queries in panels()]
    print(f"{len(series)} panels, {sum(len(queries) for _, _, queries in series)} queries: all return data")
    if wanted:
        pathlib.Path(wanted).write_text(draw(series))


main()

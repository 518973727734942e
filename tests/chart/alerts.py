"""Checks that each alert has a runbook in docs/runbooks.md and a test in alerts/, and that neither is left over."""

import pathlib
import re
import sys

import yaml

ROOT = pathlib.Path(__file__).parents[2]


def alerts():
    groups = yaml.safe_load((ROOT / "charts/aurora-mcp/files/alerts.yaml").read_text())["groups"]
    return {rule["alert"] for group in groups for rule in group["rules"]}


def tested():
    """Alerts that a test sees firing: only then the test can fail."""
    files = (ROOT / "tests/chart/alerts").glob("*_test.yaml")
    cases = (case for file in files for test in yaml.safe_load(file.read_text())["tests"] for case in test["alert_rule_test"])
    return {case["alertname"] for case in cases if case.get("exp_alerts")}


def main():
    wanted = alerts()
    found = {
        "runbook in docs/runbooks.md": set(re.findall(r"^### (\S+)$", (ROOT / "docs/runbooks.md").read_text(), re.M)),
        "test that sees it firing": tested(),
    }
    wrong = [f"{name} has no {what}" for what, names in found.items() for name in sorted(wanted - names)]
    wrong += [f"there is no alert {name}, but a {what}" for what, names in found.items() for name in sorted(names - wanted)]
    if wrong:
        sys.exit("\n".join(wrong))


main()

"""Writes the table of values into the chart's README, from values.schema.json and values.yaml; with --check only compares."""

import json
import pathlib
import sys

import yaml

CHART = pathlib.Path(__file__).parents[2] / "charts/aurora-mcp"
BEGIN = "<!-- values: made by `make generate` from values.schema.json and values.yaml -->\n"
END = "<!-- end of values -->\n"


def leaves(schema, default, path=""):
    """Path, default and description of every value, in the order of the schema."""
    for name, part in schema["properties"].items():
        here, value = f"{path}{name}", default.get(name)
        if here == "global":
            continue
        # A closed section goes on; an open one (resources, labels) is one value.
        if "properties" in part and name != "resources":
            yield from leaves(part, value, f"{here}.")
        else:
            yield here, value, part["description"]


def table():
    schema = json.loads((CHART / "values.schema.json").read_text())
    default = yaml.safe_load((CHART / "values.yaml").read_text())
    lines = ["| value | default | what it is |", "| --- | --- | --- |"]
    for path, value, description in leaves(schema, default):
        shown = json.dumps(value, ensure_ascii=False)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in (f"`{path}`", f"`{shown}`", description)) + " |")
    return "\n".join(lines) + "\n"


def main():
    readme = CHART / "README.md"
    before = readme.read_text()
    head, rest = before.split(BEGIN)
    after = head + BEGIN + "\n" + table() + "\n" + END + rest.split(END)[1]
    if "--check" not in sys.argv:
        readme.write_text(after)
    elif after != before:
        sys.exit("charts/aurora-mcp/README.md is stale: run `make generate`")


main()

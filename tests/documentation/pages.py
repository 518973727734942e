"""The pages for people, and the shell blocks in them. A comment before a block says how it is run, or why it isn't:

    <!-- not run: REASON -->
    <!-- run: in the background until "TEXT" -->     goes on once TEXT is printed; ends with the page
    <!-- shows: TEXT -->                             TEXT must be in what it prints
    <!-- before: COMMAND -->                         run here, and shown to nobody: what a reader of this page has already
"""

import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).parents[2]
# In the order in which somebody goes: the first ones install what the later ones use.
FIRST = ["docs/migration.md", "docs/quickstart.md", "README.md", "docs/tokens.md", "docs/clients.md", "docs/kubectl-plugin.md"]
LAST = ["docs/shown.md"]
SHELL = {"sh", "bash", "shell", "console"}
# How a line of a shell begins, to tell it in a block whose language isn't said.
COMMANDS = {"apt-get", "cargo", "claude", "curl", "docker", "git", "go", "helm", "kubectl", "make", "npx", "podman", "podman-compose",
            "psql", "skopeo"}


@dataclasses.dataclass
class Block:
    page: str
    line: int
    command: str
    reason: str = ""  # why it isn't run
    until: str = ""  # runs in the background once this is printed
    shows: list[str] = dataclasses.field(default_factory=list)
    hidden: bool = False


def pages() -> list[str]:
    patterns = ("*.md", "docs/*.md", "deploy/**/*.md", "charts/*/README.md", "tests/testbed/*.md")
    found = sorted({str(path.relative_to(ROOT)) for pattern in patterns for path in ROOT.glob(pattern)} - set(FIRST) - set(LAST))
    return FIRST + found + LAST


def blocks(page: str) -> list[Block]:
    """The shell blocks of a page, and its hidden commands, in order."""
    lines = (ROOT / page).read_text().splitlines()
    found, said, at = [], {"shows": []}, 0
    while at < len(lines):
        line = lines[at]
        if comment := re.fullmatch(r"\s*<!-- (not run|run|shows|before): (.*) -->", line):
            kind, text = comment.groups()
            if kind == "before":
                found.append(Block(page, at + 1, text, hidden=True))
            elif kind == "shows":
                said["shows"].append(text)
            else:
                said[kind] = text
        elif fence := re.fullmatch(r"(\s*)```(\w*)", line):
            end = next(below for below in range(at + 1, len(lines)) if lines[below].strip() == "```")
            body = "\n".join(below.removeprefix(fence[1]) for below in lines[at + 1:end])
            if fence[2] in SHELL or (not fence[2] and is_command(body)):
                found.append(block(page, at + 2, body, said))
            said, at = {"shows": []}, end
        elif line.startswith("    ") and not (at and lines[at - 1].strip()) and is_command(line):
            raise SystemExit(f"{page}:{at + 1}: put this command between ```sh and ```, so that it is run")
        at += 1
    return found


def block(page: str, line: int, body: str, said: dict) -> Block:
    reason, how = said.get("not run", ""), said.get("run", "")
    until = re.fullmatch(r'in the background until "(.*)"', how)
    if how and not until:
        raise SystemExit(f"{page}:{line}: it isn't known how to run this: {how}")
    return Block(page, line, body, reason, until[1] if until else "", said["shows"])


def is_command(text: str) -> bool:
    """Whether it begins as a shell's line does, variables aside."""
    words = [word for word in text.split() if not re.match(r"[A-Z_]+=", word)]
    return bool(words) and words[0] in COMMANDS

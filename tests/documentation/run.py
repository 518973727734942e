"""Runs the commands of the documentation in order, on the test bed: run.py IMAGE [--record].

With --record, what the blocks of docs/shown.md print is written below them, and some of it is drawn for the front page.
"""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

import picture
from pages import LAST, ROOT, Block, blocks, pages

SECONDS = 180


def free_port() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


class Reader:
    """Somebody who follows the pages, with a home of their own."""

    def __init__(self, image: str, home: str):
        repository, _, tag = image.rpartition(":")
        self.port = free_port()
        # What a reader puts in their own for.
        self.own = {
            "image.repository=registry.example.com/aurora-mcp": f"image.repository={repository} --set image.tag={tag}",
            "you@example.com": "alice@alpha.example",
            "alice@example.com": "alice@alpha.example",
            " 8811:8811": f" {self.port}:8811",
            "127.0.0.1:8811": f"127.0.0.1:{self.port}",
            "-n NAMESPACE NAME": "-n aurora-oss my-token",
            "--client cursor": f"--client cursor --port {self.port}",
        }
        self.home = home
        (pathlib.Path(home) / ".cargo/bin").mkdir(parents=True)
        self.environment = {**os.environ, "HOME": home, "PATH": f"{ROOT}/target/debug:{os.environ['PATH']}"}
        self.background = []

    def shell(self, command: str, **options):
        for theirs, ours in self.own.items():
            command = command.replace(theirs, ours)
        return subprocess.Popen(["bash", "-euo", "pipefail", "-c", command], cwd=ROOT, env=self.environment, text=True,
                                stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, start_new_session=True, **options)

    def run(self, block: Block) -> str:
        said = self.start(block) if block.until else self.finish(block)
        for text in block.shows:
            if text not in said:
                fail(block, f"{text!r} is not in what it printed", said)
        return said

    def finish(self, block: Block) -> str:
        process = self.shell(block.command, stdout=subprocess.PIPE)
        try:
            said, _ = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            fail(block, f"it did not end within {SECONDS} s", process.communicate()[0])
        if process.returncode:
            fail(block, f"it ended with {process.returncode}", said)
        return said

    def start(self, block: Block) -> str:
        log = tempfile.NamedTemporaryFile("w+", dir=self.home)
        process = self.shell(block.command, stdout=log)
        self.background.append(process)
        deadline = time.monotonic() + SECONDS
        while block.until not in (said := pathlib.Path(log.name).read_text()):
            if process.poll() is not None or time.monotonic() > deadline:
                fail(block, f"it never printed {block.until!r}", said)
            time.sleep(0.1)
        return said

    def end_background(self):
        for process in self.background:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()
        self.background = []


def fail(block: Block, why: str, said: str):
    sys.exit(f"{block.page}:{block.line}: {why}\n{block.command}\n---\n{said}")


def cleaned(said: str, reader: Reader) -> str:
    """Nothing of this machine, and no token."""
    said = re.sub(r"aurora_mcp_[\w-]{64}", "aurora_mcp_…", said.replace(reader.home, "~"))
    said = said.replace(reader.port, "8811")
    said = said.replace("alice@alpha.example  ", "alice@example.com    ").replace("alice@alpha.example", "alice@example.com")
    return re.sub(r"[ \t]+$", "", said, flags=re.M).strip("\n")


def record(page: str, printed: list[str]):
    """Writes below each block what it printed."""
    outputs = iter(printed)

    def with_output(found: re.Match) -> str:
        said = next(outputs)
        return found[1] + (f"\n```text\n{said}\n```\n" if said else "")

    path = ROOT / page
    path.write_text(re.sub(r"(```sh\n.*?```\n)(\n```text\n.*?```\n)?", with_output, path.read_text(), flags=re.S))


def draw(session: list[tuple[str, str]]):
    """The picture of the front page: a client is set up, and every hop looked at."""
    shown = [(command.split("\n")[0], said.split("\n\n")[0]) for command, said in session if re.match(r"kubectl aurora-mcp (connect|doctor|revoke)", command)]
    (ROOT / "docs/images/at-work.svg").write_text(picture.terminal(shown))


def main():
    image, recording = sys.argv[1], "--record" in sys.argv
    ran = left = 0
    with tempfile.TemporaryDirectory() as home:
        reader = Reader(image, home)
        try:
            for page in pages():
                printed = []
                for block in blocks(page):
                    if block.reason:
                        left += 1
                        continue
                    said = reader.run(block)
                    ran += not block.hidden
                    if not block.hidden:
                        printed.append((block.command, cleaned(said, reader)))
                reader.end_background()
                if recording and page in LAST:
                    record(page, [said for _, said in printed])
                    draw(printed)
        finally:
            reader.end_background()
    print(f"test result: ok. {ran} passed; 0 failed (commands of the documentation; {left} are not run, each with its reason)")


main()

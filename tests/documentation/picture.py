"""A terminal's text as a picture: what was typed, and what came back."""

from html import escape

COLUMNS, LINE, LEFT, TOP = 112, 18, 18, 44
STYLE = """
    text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #d6deeb; white-space: pre; }
    .typed { fill: #ffffff; font-weight: 600; } .prompt { fill: #7fdbca; } .good { fill: #addb67; } .bar { fill: #1d3b53; } .ground { fill: #011627; }
"""


def line(at: int, text: str, typed: bool) -> str:
    text = text if len(text) <= COLUMNS else text[:COLUMNS - 1] + "…"
    y = TOP + at * LINE
    if typed:
        return f'  <text x="{LEFT}" y="{y}"><tspan class="prompt">$ </tspan><tspan class="typed">{escape(text)}</tspan></text>'
    if text.startswith("ok  "):
        return f'  <text x="{LEFT}" y="{y}"><tspan class="good">ok</tspan>{escape(text[2:])}</text>'
    return f'  <text x="{LEFT}" y="{y}">{escape(text)}</text>'


def terminal(session: list[tuple[str, str]]) -> str:
    """An SVG of commands and their output."""
    lines = []
    for command, output in session:
        lines += [(command, True), *((said, False) for said in output.splitlines()), ("", False)]
    width, height = 2 * LEFT + int(COLUMNS * 7.85), TOP + len(lines) * LINE
    body = "\n".join(line(at, text, typed) for at, (text, typed) in enumerate(lines) if text)
    dots = "".join(f'<circle cx="{20 + 18 * at}" cy="14" r="5" fill="{colour}"/>' for at, colour in enumerate(("#ef5350", "#ffca28", "#66bb6a")))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label="A terminal session">
  <style>{STYLE}  </style>
  <rect class="ground" width="{width}" height="{height}" rx="8"/><path class="bar" d="M8 0H{width - 8}a8 8 0 0 1 8 8V28H0V8A8 8 0 0 1 8 0Z"/>{dots}
{body}
</svg>
"""

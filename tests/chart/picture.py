"""Draws panels as one SVG: a line for each series, with its name and last value."""

import re
from xml.sax.saxutils import escape

WIDTH, HEIGHT, COLUMNS, MARGIN, PLOT = 400, 232, 3, 12, 110
COLOURS = ["#2f6fd0", "#d9822b", "#2e9e5b", "#c0395a", "#7a5bc7", "#118a9c", "#8a6d1f", "#666666"]
LEGEND_LINES = 5


def shown(value, unit):
    if unit == "s":
        return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.1f} s"
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{text}/s" if unit in ("ops", "reqps") else text


def named(legend, labels):
    return re.sub(r"{{(\w+)}}", lambda found: labels.get(found[1]) or "(none)", legend)


def lines(queries):
    found = [(named(legend, labels), points) for legend, result in queries for labels, points in result if points]
    return sorted(found, key=lambda line: -max(value for _, value in line[1]))


def panel(title, unit, queries, left, top):
    drawn = lines(queries)
    times = [at for _, points in drawn for at, _ in points]
    first, last = min(times), max(times)
    highest = max([value for _, points in drawn for _, value in points if value != float("inf")] + [0]) or 1
    x = lambda at: left + MARGIN + (WIDTH - 3 * MARGIN) * (at - first) / max(last - first, 1)
    y = lambda value: top + 34 + PLOT * (1 - value / highest)
    yield f'<rect x="{left + 4}" y="{top + 4}" width="{WIDTH - 8}" height="{HEIGHT - 8}" rx="6" class="panel"/>'
    yield f'<text x="{left + MARGIN}" y="{top + 24}" class="title">{escape(title)}</text>'
    yield f'<text x="{left + WIDTH - MARGIN}" y="{top + 24}" class="scale">{shown(highest, unit)}</text>'
    yield f'<path d="M{left + MARGIN} {top + 34 + PLOT}h{WIDTH - 3 * MARGIN}" class="axis"/>'
    for index, (_, points) in enumerate(drawn):
        path = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in points)
        yield f'<polyline points="{path}" stroke="{COLOURS[index % len(COLOURS)]}"/>'
    for index, (name, points) in enumerate(drawn[:LEGEND_LINES]):
        at = top + 34 + PLOT + 16 + 13 * index
        more = f" and {len(drawn) - LEGEND_LINES} more" if index == LEGEND_LINES - 1 and len(drawn) > LEGEND_LINES else ""
        yield f'<text x="{left + MARGIN}" y="{at}" fill="{COLOURS[index % len(COLOURS)]}">{escape(name)}: {shown(points[-1][1], unit)}{more}</text>'


def draw(panels):
    rows = -(-len(panels) // COLUMNS)
    body = [part for index, (title, unit, queries) in enumerate(panels)
            for part in panel(title, unit, queries, index % COLUMNS * WIDTH, index // COLUMNS * HEIGHT)]
    size = f'width="{WIDTH * COLUMNS}" height="{HEIGHT * rows}" viewBox="0 0 {WIDTH * COLUMNS} {HEIGHT * rows}"'
    style = ("text{font:11px sans-serif}.title{font-weight:bold;font-size:13px;fill:#222}.scale{text-anchor:end;fill:#777}"
             ".panel{fill:#fff;stroke:#d5d9e0}.axis{stroke:#bbb}polyline{fill:none;stroke-width:1.5}svg{background:#f4f5f8}")
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{style}</style>\n' + "\n".join(body) + "\n</svg>\n"

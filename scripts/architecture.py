"""Draws docs/architecture.svg: which folder of the project imports which, read from the imports themselves.

    .venv/bin/python scripts/architecture.py          # writes the picture
    .venv/bin/python scripts/architecture.py --check   # exit 1 if the picture is not that of the code

A folder stands above all that it imports. An arrow that follows from two others is left out.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from graphlib import TopologicalSorter
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "architecture.svg"
WIDTH, ROW, BOX = 1000, 92, (128, 40)  # pixels: the picture, one row of folders, one folder


def folder_of(path: Path) -> str:
    """The box of a file: its folder under scpo/, `pages`, or the name of a file at the top of the package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[0] != "scpo":
        return "pages"
    return parts[1]


def sources() -> list[Path]:
    """Every file of the program but those that only start it or say what a package offers."""
    files = [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py")), *sorted((ROOT / "scpo").rglob("*.py"))]
    return [path for path in files if path.parent != ROOT / "scpo" or not path.name.startswith("__")]


def imported(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The names that these statements import, each with its module."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports() -> dict[str, set[str]]:
    """Folder -> the folders that its files import when they are loaded, itself left out."""
    files = sources()
    here = {folder_of(path) for path in files}
    found: dict[str, set[str]] = {}
    for path in files:
        names = imported(ast.parse(path.read_text()).body)
        used = {name.split(".")[1] for name in names if name.startswith("scpo.")} & here
        found.setdefault(folder_of(path), set()).update(used - {folder_of(path)})
    return found


def rows(found: dict[str, set[str]]) -> list[list[str]]:
    """The folders in rows, each above all that it imports. Raises `graphlib.CycleError` on a circle of imports."""
    height: dict[str, int] = {}
    for name in TopologicalSorter(found).static_order():
        height[name] = 1 + max((height[used] for used in found.get(name, ())), default=-1)
    return [sorted(n for n in height if height[n] == level) for level in reversed(range(max(height.values()) + 1))]


def direct(found: dict[str, set[str]]) -> list[tuple[str, str]]:
    """The imports that do not follow from two others."""
    below = {name: set(used) for name, used in found.items()}
    for name in TopologicalSorter(found).static_order():
        for used in found.get(name, set()):
            below[name] |= below.get(used, set())
    return [
        (name, used)
        for name in sorted(found)
        for used in sorted(found[name])
        if not any(used in below.get(other, set()) for other in found[name] - {used})
    ]


def picture() -> str:
    """The picture as SVG."""
    found = imports()
    place, boxes = {}, []
    for level, names in enumerate(rows(found)):
        for at, name in enumerate(names):
            x, y = WIDTH * (at + 0.5) / len(names), ROW * (level + 0.5)
            place[name] = (x, y)
            boxes.append(
                f'<rect x="{x - BOX[0] / 2:.0f}" y="{y - BOX[1] / 2:.0f}" width="{BOX[0]}" height="{BOX[1]}" rx="6"/>'
                f'<text x="{x:.0f}" y="{y + 5:.0f}">{escape(name)}</text>'
            )
    lines = [
        f'<line x1="{place[a][0]:.0f}" y1="{place[a][1] + BOX[1] / 2:.0f}" '
        f'x2="{place[b][0]:.0f}" y2="{place[b][1] - BOX[1] / 2:.0f}" marker-end="url(#tip)"/>'
        for a, b in direct(found)
    ]
    height = ROW * len({y for _, y in place.values()})
    style = (
        "rect{fill:#fff;stroke:#333}text{font:15px sans-serif;text-anchor:middle;fill:#111}"
        "line{stroke:#777;stroke-width:1.2}"
    )
    tip = (
        '<marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="3" orient="auto">'
        '<path d="M0 0L7 3L0 6z"/></marker>'
    )
    body = "\n".join([*lines, *boxes])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"><style>{style}</style>'
        f'<defs>{tip}</defs><rect width="{WIDTH}" height="{height}" style="stroke:none"/>\n{body}\n</svg>\n'
    )


def main() -> None:
    """Write the picture, or compare it with the one that is there."""
    drawn = picture()
    if "--check" in sys.argv[1:]:
        same = PICTURE.is_file() and PICTURE.read_text() == drawn
        sys.exit(0 if same else f"{PICTURE.relative_to(ROOT)} is not that of the code; run {sys.argv[0]} again.")
    PICTURE.write_text(drawn)


if __name__ == "__main__":
    main()

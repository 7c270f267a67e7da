"""Join the shapes of one id in a map file, since plotly paints only the first of them.

    python scripts/join_shapes.py static/world_110m.json

The file is TopoJSON, as plotly.js has it (dist/topojson). Done once; doing it again changes nothing.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def polygons(shape: dict) -> list:
    """The polygons of a shape, each a list of rings, each a list of arcs."""
    return [shape["arcs"]] if shape["type"] == "Polygon" else shape["arcs"]


def joined(shapes: list[dict], arcs: list[list]) -> dict:
    """One shape of all; what is said of the one with the most points holds for it, such as its middle."""

    def points(shape: dict) -> int:
        return sum(len(arcs[max(arc, ~arc)]) for rings in polygons(shape) for ring in rings for arc in ring)

    parts = [rings for shape in shapes for rings in polygons(shape)]
    return {**max(shapes, key=points), "type": "MultiPolygon", "arcs": parts}


def main(path: Path) -> None:
    world = json.loads(path.read_text())
    for layer in world["objects"].values():
        by_id: dict[str, list[dict]] = {}
        for at, shape in enumerate(layer["geometries"]):
            by_id.setdefault(shape.get("id", f"without {at}"), []).append(shape)
        layer["geometries"] = [
            shapes[0] if len(shapes) == 1 else joined(shapes, world["arcs"]) for shapes in by_id.values()
        ]
    path.write_text(json.dumps(world, separators=(",", ":")))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Imports point downward, and torch stays in its layer."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from architecture import folder_of, imported, sources

ROOT = Path(__file__).parents[1]
# From the top down: a layer imports from the rows below its own, and from nothing beside or above it.
LAYERS = (
    ("pages",),  # and app.py
    ("cli", "ui"),
    ("rooms",),
    ("bench", "export"),
    ("charts", "jobs", "study"),
    ("rulers", "text", "training"),
    ("estimate", "judging", "planner"),
    ("lesson",),
    ("plan", "steering"),
    ("data", "finetune_cost", "runs"),
    ("metrics",),
    ("config",),
    ("methods",),
    ("grouping", "hub", "progress", "selection", "threads"),
    ("errors", "format", "table_rows"),
)
# The only layers in which a heavy library is imported at all.
HOMES = {
    "torch": {"training", "study", "bench", "export"},
    "transformers": {"training", "bench", "export"},
    "plotly": {"charts", "export", "ui"},
    "streamlit": {"pages", "ui", "bench"},
}
LOADED_ON_DEMAND = {"torch": {"export"}, "transformers": {"export"}}  # there inside functions only


def test_every_file_of_the_package_lies_in_a_layer():
    known = {name for row in LAYERS for name in row}
    assert {folder_of(path) for path in sources()} == known


def test_imports_point_downward():
    row_of = {name: place for place, row in enumerate(LAYERS) for name in row}
    for path in sources():
        layer = folder_of(path)
        for name in imported(ast.walk(ast.parse(path.read_text()))):
            if name.startswith("scpo.") and (used := name.split(".")[1]) in row_of and used != layer:
                assert row_of[used] > row_of[layer], f"{path.relative_to(ROOT)} imports {name}"


@pytest.mark.parametrize("library", HOMES)
def test_a_heavy_library_has_its_homes(library):
    for path in sources():
        tree, layer = ast.parse(path.read_text()), folder_of(path)
        found = {name.split(".")[0] for name in imported(ast.walk(tree))}
        assert library not in found or layer in HOMES[library], f"{path.relative_to(ROOT)} imports {library}"
        if layer in LOADED_ON_DEMAND.get(library, ()):
            assert library not in {name.split(".")[0] for name in imported(tree.body)}, path.relative_to(ROOT)


def test_torch_is_loaded_by_no_module_below_training_and_run_is_offered_lazily():
    """In one new process, module after module."""
    code = """if True:
        import importlib, sys
        for module in ("scpo", "scpo.selection", "scpo.runs", "scpo.data", "scpo.metrics.accuracy"):
            importlib.import_module(module)
            assert "torch" not in sys.modules, module
        sys.modules["scpo"].run
        assert "torch" in sys.modules
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_nothing_reads_pickles_evaluates_data_or_runs_a_model_folders_code():
    for path in [*ROOT.glob("scpo/**/*.py"), *ROOT.glob("pages/*.py"), ROOT / "app.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                assert name not in ("eval", "exec", "torch.load", "pickle.load", "pickle.loads", "pd.read_pickle"), path
            if isinstance(node, ast.keyword) and node.arg in ("trust_remote_code", "unsafe_allow_html"):
                assert isinstance(node.value, ast.Constant) and node.value.value is False, path


def test_the_picture_of_the_imports_is_that_of_the_code():
    script = ROOT / "scripts" / "architecture.py"
    done = subprocess.run([sys.executable, str(script), "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

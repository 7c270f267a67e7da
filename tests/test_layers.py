"""Imports point downward, and torch stays in its layer."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ABOVE = {  # what a layer must not import
    "scpo/errors.py": ["scpo"],
    "scpo/config.py": ["scpo.data", "scpo.metrics", "scpo.training", "scpo.ui", "scpo.jobs", "torch", "streamlit"],
    "scpo/selection.py": ["scpo.data", "scpo.metrics", "scpo.training", "scpo.ui", "scpo.jobs", "torch", "streamlit"],
    "scpo/runs/__init__.py": [
        "scpo.data",
        "scpo.metrics",
        "scpo.training",
        "scpo.ui",
        "scpo.jobs",
        "torch",
        "streamlit",
    ],
    "scpo/data": ["scpo.metrics", "scpo.training", "scpo.ui", "scpo.jobs", "torch", "streamlit", "plotly"],
    "scpo/metrics": ["scpo.data", "scpo.training", "scpo.ui", "scpo.jobs", "torch", "streamlit", "plotly"],
    "scpo/training": ["scpo.ui", "scpo.jobs", "streamlit", "plotly"],
    "scpo/jobs": ["scpo.ui", "streamlit", "plotly"],
    "scpo/ui": ["torch", "pages"],
    "pages": ["torch", "transformers"],
    "app.py": ["torch", "transformers"],
}


def sources(layer):
    path = ROOT / layer
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("layer", ABOVE)
def test_imports_point_downward(layer):
    assert sources(layer), f"{layer} has no source"
    for path in sources(layer):
        for name in imported(path):
            wrong = [above for above in ABOVE[layer] if name == above or name.startswith(above + ".")]
            assert not wrong, f"{path.relative_to(ROOT)} imports {name}"


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

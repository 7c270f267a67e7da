"""The tests mirror the source, and the README's tree names every file of the package."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Tests of what several modules do together, by folder.
TOGETHER = {
    ".": {"documented_faults", "fuzz", "layers", "mirror", "packaging", "security", "budgets"},
    "charts": {"charts"},
    "cli": {"cli"},
    "config": {"config"},
    "data": {"data_faults", "layouts", "loaders"},
    "jobs": {"commands", "faults", "keeping", "kill_and_resume", "limits", "many", "random_kills", "states"},
    "pages": {"folds", "pages", "results"},
    "runs": {"runs"},
    "text": {"format"},
    "training": {"folds"},
    "training/finetune": {"cost", "deepspeed", "policy", "traps"},
    "ui": {"hostile_run", "memory", "people", "uploads", "whole_models", "workspace_states"},
    "bench": {"bench"},
}
APART = {"browser"}  # the app as a whole, in a real browser


def test_a_test_file_is_named_by_the_module_beside_which_it_lies():
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        folder = path.parent.relative_to(ROOT / "tests").as_posix()
        if folder in APART:
            continue
        source = ROOT / "pages" if folder == "pages" else ROOT / "scpo" / folder
        modules = {module.stem for module in source.glob("*.py")}
        name = path.stem.removeprefix("test_")
        assert name in modules | TOGETHER.get(folder, set()), path.relative_to(ROOT)


def test_the_readme_names_every_file_of_the_package_and_no_other():
    tree = (ROOT / "README.md").read_text().split("## The tree")[1].split("```")[1]
    named, folders = set(), []
    for line in filter(str.strip, tree.splitlines()):
        name = line.split()[0]
        depth = (len(line) - len(line.lstrip())) // 2
        folders = folders[:depth]
        if name.endswith("/"):
            folders.append(name)
        elif name.endswith(".py"):
            named.add("".join(folders) + name)
    files = [
        ROOT / "app.py",
        *(ROOT / "pages").glob("*.py"),
        *(ROOT / "scpo").rglob("*.py"),
        *(ROOT / "scripts").glob("*.py"),
    ]
    on_disk = {path.relative_to(ROOT).as_posix() for path in files}
    on_disk = {name for name in on_disk if not re.search(r"/__\w+__\.py$", name)}
    assert named == on_disk

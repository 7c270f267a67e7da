"""`python -m scpo study NAME`: the project's own studies. Without a name: which there are."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from pathlib import Path

import pandas as pd

from scpo import runs
from scpo.cli.options import add_run_folder, add_settings, add_table_file, config_of, listed
from scpo.cli.result_table import SIMULATED, write_table
from scpo.config import DataConfig, ExperimentConfig
from scpo.errors import ConfigError
from scpo.format import brackets, counted, percent, points
from scpo.methods import METHODS
from scpo.metrics.accuracy import MEAN
from scpo.study import STUDIES, design
from scpo.study import folder as study_folder
from scpo.table_rows import rows_of
from scpo.text.wording import wording_lines, wording_shown

OF_DATA = {"dataset", "data_files", "countries", "demo_world"}
WORLDS = 8  # of the demo
SPLITS = 5  # of a real survey


def add_study(commands) -> None:
    """The command's options."""
    parser = commands.add_parser("study", help="the project's own studies: " + ", ".join(STUDIES))
    names = parser.add_subparsers(dest="name", metavar="NAME")
    says = {
        name: {"help": about.replace("%", "%%"), "description": about.capitalize().replace("%", "%%") + "."}
        for name, about in STUDIES.items()
    }
    coverage = names.add_parser("coverage", **says["coverage"])
    coverage.add_argument("--worlds", type=int, default=1000, help="worlds to count over (default: 1000)")
    coverage.add_argument("--folds", action="store_true", help="intervals from folds, with models that are trained")
    add_table_file(coverage)
    beyond = names.add_parser("beyond", **says["beyond"])
    add_settings(beyond, DataConfig, {*OF_DATA, "reference", "test_share"}, design.OF_DOCS)
    add_settings(beyond, ExperimentConfig, {"encoder"})
    beyond.add_argument("--final", action="store_true", help="the winner alone, on the test questions and fresh worlds")
    beyond.add_argument("--worlds", type=int, help="worlds or splits (default: 5; with --final 10 worlds)")
    beyond.add_argument("--seeds", type=int, default=10, help="training seeds with --final (default: 10)")
    beyond.add_argument(
        "--against",
        metavar="A,B,...",
        help="methods to compare with (default: full, scpo, and those a run has only by name)",
    )
    add_table_file(beyond)
    why = names.add_parser("why", **says["why"])
    add_run_folder(why, "a finished run of the demo")
    why.add_argument("--methods", default="full,scpo,shared", metavar="A,B,...", help="default: full,scpo,shared")
    why.add_argument("--answers", type=int, default=200, help="answers of test pairs to explain (default: 200)")
    add_table_file(why)
    wording = names.add_parser("wording", **says["wording"])
    add_run_folder(wording)
    wording.add_argument("--methods", metavar="A,B,...", help="of the run (default: all that it trained)")
    add_table_file(wording)
    when = names.add_parser("when", **says["when"])
    add_settings(when, DataConfig, OF_DATA, design.OF_DOCS)
    add_settings(when, ExperimentConfig, {"methods", "encoder"}, design.BASE_CONFIG)
    when.add_argument(
        "--worlds", type=int, help="demo worlds, each of another seed (default: 8), or splits of real data (default: 5)"
    )
    when.add_argument("--quick", action="store_true", help="two values of each factor, in one world: a try")
    when.add_argument(
        "--out",
        metavar="DIR",
        help="a folder for the study (default: one in the workspace, where the "
        "app finds it); an unfinished one is resumed",
    )


def study(args: argparse.Namespace) -> None:
    """Run one study; without a name, list them."""
    if args.name is None:
        print("\n".join(f"{name:<10}{about}" for name, about in STUDIES.items()))
        return
    _COMMANDS[args.name](args)


def _coverage(args: argparse.Namespace) -> None:
    from scpo.study.fold_coverage import fold_coverage_table
    from scpo.study.interval_coverage import coverage_table

    if args.folds:
        table, columns = fold_coverage_table(args.worlds), "truth"
    else:
        table, columns = coverage_table(args.worlds), "interval"
    wide = table.pivot(index=["people", "measure"], columns=columns, values="coverage")
    print((100 * wide).round(1).to_string(na_rep="-"))
    write_table(args.out, table, simulated=True)


def _why(args: argparse.Namespace) -> None:
    from scpo.study.planted_reasons import planted_reasons

    if args.answers < 1:
        raise ConfigError(f"--answers is {args.answers}; it takes a whole number of at least 1.")
    methods, folder = listed(args.methods, "--methods"), Path(args.run)
    tables = [planted_reasons(folder, method, args.answers).assign(method=method) for method in methods]
    table = pd.concat(tables, ignore_index=True)
    print(SIMULATED)
    print("Sentences pointed at, held against the planted reasons; mean over countries, 95 % intervals over prompts, %")
    mean = table[table["country"] == MEAN]
    shown = mean.assign(text=[f"{percent(r.value)} {brackets(r.low, r.high, percent)}" for r in rows_of(mean)])
    wide = shown.pivot(index=["method", "way"], columns="measure", values="text")
    order = [(method, way) for method in methods for way in mean["way"].unique()]
    print(wide.loc[order, list(mean["measure"].unique())].to_string(na_rep="-"))
    write_table(args.out, table, simulated=True)


def _wording(args: argparse.Namespace) -> None:
    from scpo.study.wording import wording_table

    def tell(done: int, total: int) -> None:
        print(f"{done} of {total} trainings", file=sys.stderr)

    result = runs.read(Path(args.run))
    table = wording_table(result.folder, listed(args.methods or "", "--methods"), tell)
    if result.card["simulated"]:
        print(SIMULATED)
    print("Share of test pairs decided otherwise than with the prompts as they are; accuracy minus that, points, 95 %")
    print(wording_shown(table).to_string() + "\n\n" + "\n".join(wording_lines(table)))
    write_table(args.out, table, result.card["simulated"])


def _beyond(args: argparse.Namespace) -> None:
    from scpo.study import better_rule
    from scpo.training.encoders import load_encoder

    config = config_of(args, ExperimentConfig(design.OF_DOCS))
    against = _against(args.against or "") or better_rule.AGAINST
    encoder = load_encoder(config.encoder)

    def tell(what: str) -> None:
        print(what, file=sys.stderr)

    if args.final:
        table = better_rule.final(config.data, args.worlds or 10, args.seeds, encoder, tell, against)
    else:
        table = better_rule.development(config.data, args.worlds or 5, encoder, tell, against)
    simulated = config.data.dataset == "demo"
    if simulated:
        print(SIMULATED)
    shown = table[table["subset"] != "distinct"].copy()
    shown["difference"] = [f"{points(row.difference)} {brackets(row.low, row.high)}" for row in rows_of(shown)]
    for (name, pairs), part in shown.groupby(["data", "pairs"], sort=False):
        wide = part.pivot(index="candidate", columns=["subset", "against"], values="difference")
        print(f"\n{name}, {pairs} pairs per country; differences in points, 95 % intervals, n = {part['n'].iloc[0]}")
        print(wide.loc[part["candidate"].unique()].to_string())
    write_table(args.out, table, simulated)


def _against(text: str) -> list[str]:
    """The methods that the rule is compared with. Raises `ConfigError` for what is none, or needs no training."""
    asked = listed(text, "--against")
    known = [name for name, row in METHODS.items() if row.trains and name != "shared"]
    if set(asked) <= set(known):
        return asked
    raise ConfigError(f"--against is {text!r}; it takes methods that are trained: {', '.join(known)}.")


def _when(args: argparse.Namespace) -> None:
    base = _config(args)
    worlds = args.worlds or (1 if args.quick else WORLDS if base.data.dataset == "demo" else SPLITS)
    folder = Path(args.out) if args.out else study_folder.place_of(base)
    with study_folder.measured_here(folder):
        from scpo import data as sources
        from scpo.study.when_it_helps import measure_world
        from scpo.training.encoders import load_encoder

        card = sources.load(design.first_point(base, 0).data).card
        encoder = load_encoder(base.encoder, base.precision)
        study_folder.begin(folder, base, dataclasses.asdict(card), worlds, args.quick)
        began = time.monotonic()
        for world in [w for w in range(worlds) if not study_folder.has_world(folder, w)]:
            tell, start = _Telling(world, worlds), design.first_point(base, world)
            study_folder.add_world(folder, world, measure_world(start, encoder, args.quick, tell))
        study_folder.finish(folder, time.monotonic() - began)
    print(summary(study_folder.read(folder)))


def _config(args: argparse.Namespace) -> ExperimentConfig:
    """The settings that nothing varies. Raises `ConfigError` for options that cannot be used."""
    config = config_of(args, design.BASE_CONFIG)
    if "full" not in config.methods or len(config.methods) < 2:
        named = ",".join(config.methods)
        raise ConfigError(f"--methods is {named!r}; the study compares with full: name it and another method.")
    if args.worlds is not None and args.worlds < 1:
        raise ConfigError(f"--worlds is {args.worlds}; it takes a whole number of at least 1.")
    return config.located()


class _Telling:
    """Lines on stderr: how far one world is."""

    def __init__(self, world: int, worlds: int):
        self._name, self._began, self._told = f"world {world + 1} of {worlds}", time.monotonic(), -1

    def __call__(self, done: int, total: int) -> None:
        tenth = 10 * done // total
        if tenth > self._told:
            self._told = tenth
            seconds = time.monotonic() - self._began
            print(f"{self._name}: {done} of {total} experiments, {seconds:.0f} s", file=sys.stderr)


def summary(study: study_folder.Study) -> str:
    """What the study found at its first point and along the steps, as text."""
    lines = [SIMULATED] if study.card["simulated"] else []
    fewest = counted(study_folder.FEWEST, study.unit)
    lines += [study.card["title"]] if "title" in study.card else []
    lines.append(f"Accuracy minus that of full, points; 95 % interval over {fewest} or more (n)")
    for factor in (design.BASE, design.PAIRS_STEPS):
        for when in (study_folder.CHOSEN, study_folder.END):
            table = study_folder.compare(study, factor, "full", when, "full")
            lines += ["", f"{factor}, step {when}"]
            for row in rows_of(table[(table["pairs"] == study_folder.ALL) & (table["method"] != "global")]):
                at = "" if row.value != row.value else f"{row.value:g} steps: "
                lines.append(f"  {at}{row.method:<8}{points(row.estimate):>6} {brackets(row.low, row.high)} ({row.n})")
    return "\n".join([*lines, "", f"study folder: {study.folder}"])


_COMMANDS = {"coverage": _coverage, "beyond": _beyond, "why": _why, "when": _when, "wording": _wording}

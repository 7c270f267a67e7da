"""Best of n: candidate answers re-ranked by a country's reward model (`python -m scpo best-of-n`)."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from scpo import runs
from scpo.cli.options import add_model
from scpo.data.checks import check_texts, has_columns
from scpo.data.faults import Faults
from scpo.data.reading import KINDS, read_table
from scpo.errors import ConfigError
from scpo.export.huggingface import known_country, trained_method
from scpo.metrics.rewards import steered
from scpo.runs.files import write_bytes

COLUMNS = ["prompt", "response"]
WRITERS = {
    ".jsonl": lambda table: table.to_json(orient="records", lines=True, force_ascii=False),
    ".csv": lambda table: table.to_csv(index=False),
}


def add_best_of_n(commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "best-of-n",
        help="re-rank candidate answers by a country's reward",
        description="Score candidate answers by a country's model of a finished run; print the best to each prompt as "
        "json lines.",
    )
    add_model(parser)
    parser.add_argument("--candidates", required=True, metavar="FILE", help=f"{KINDS}: prompt, response")
    parser.add_argument(
        "--alpha", type=float, default=1.0, help="strength: 0 is the global model, 1 the country's own (default: 1)"
    )
    parser.add_argument("--out", metavar="FILE", help="also write every candidate with its rank: csv or jsonl")


def read_candidates(path: str) -> pd.DataFrame:
    """Candidates of a file: prompt, response, also the same one several times, as sampling gives them.

    Raises `DataFaults` with every fault.
    """
    faults = Faults(path)
    table = read_table(path, faults)
    if has_columns(table, COLUMNS, faults):
        for name in COLUMNS:
            check_texts(table[name], faults)
    faults.raise_any()
    return table[COLUMNS].reset_index(drop=True)


def rank(folder: Path, candidates: pd.DataFrame, country: str, method: str = "", alpha: float = 1.0) -> pd.DataFrame:
    """Candidates with their reward and rank among the candidates to their prompt, in the order given.

    candidates  prompt, response; method "" is scpo, or the run's first that trains
    Columns reward, reward_global, rank, rank_global (1 = best; equal answers have one reward, and equal rewards share
    the better rank). A reward is the mean over seeds and has no zero: only differences within a prompt mean anything.
    Raises `ConfigError` for a country, method or strength that the run cannot give, `RunFolderError` for its files.
    """
    from scpo.training.saved import country_rewards

    result = runs.read(folder)
    country = known_country(result, country)
    method = trained_method(result, country, method)
    if not np.isfinite(alpha):
        raise ConfigError(f"alpha is {alpha}; it must be a number, such as 1.")
    distinct = candidates[COLUMNS].drop_duplicates(ignore_index=True)
    base, own = country_rewards(result, country, method, distinct)
    scored = distinct.assign(reward=steered(base, own, alpha), reward_global=base)
    table = candidates.merge(scored, on=COLUMNS, how="left", validate="many_to_one")
    by_prompt = table.groupby("prompt", sort=False)
    for name in ("", "_global"):
        table[f"rank{name}"] = by_prompt[f"reward{name}"].rank(method="min", ascending=False).astype(int)
    return table


def best_of_n(args: argparse.Namespace) -> None:
    """The command: the best candidate to each prompt on stdout, all of them in the file that is asked for."""
    out = Path(args.out) if args.out else None
    if out and (out.suffix.lower() not in WRITERS or not out.parent.is_dir()):
        raise ConfigError(f"--out is {args.out!r}; it must end in .csv or .jsonl and lie in a folder that exists.")
    table = rank(Path(args.run), read_candidates(args.candidates), args.country, args.method or "", args.alpha)
    if out:
        write_bytes(out, WRITERS[out.suffix.lower()](table).encode())
    best = table[table["rank"] == 1].drop_duplicates("prompt")
    for row in best.to_dict("records"):
        print(json.dumps({name: row[name] for name in (*COLUMNS, "reward", "rank_global")}, ensure_ascii=False))

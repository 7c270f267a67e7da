"""Everything the pages cache: bounded, and keyed by plain values. Filtering comes after the cache."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from scpo import data, hub, runs
from scpo.config import DataConfig, ExperimentConfig
from scpo.data.preferences import Preferences
from scpo.errors import ScpoError
from scpo.jobs.job import Job
from scpo.jobs.store import Store, open_store
from scpo.metrics.filtering import Margins, disagreement
from scpo.planner import plan_table
from scpo.rooms.population import ClassPopulation, class_population
from scpo.rooms.questions import Questions
from scpo.rooms.store import RoomStore
from scpo.runs.global_rewards import read_margins
from scpo.runs.judges import FOLDER, Judge, read_judges
from scpo.runs.outcomes import RunOutcomes, read_outcomes
from scpo.study import folder as study_folder
from scpo.text import findings
from scpo.training.encoder_reading import reading_by, unreadable

GAINS = ["gain", "gain_low", "gain_high"]  # with its 95 % interval


@st.cache_resource(max_entries=8, show_spinner=False)
def _run(folder: str, changed: int) -> runs.Result:
    return runs.read(folder)


def finished_run(folder: Path) -> runs.Result:
    """A finished run; read again only if its done.json changed. Shared by all users: never altered."""
    done = folder / "done.json"
    return _run(str(folder), done.stat().st_mtime_ns if done.exists() else 0)


@st.cache_data(max_entries=4096, show_spinner=False)
def _means(folder: str, changed: int, method: str) -> dict[str, float]:
    table = runs.read(folder).tables["accuracy"]  # not kept: many would push out what the pages of results need
    rows = findings.means(table, method)
    gains = rows.reindex(columns=GAINS).astype(float).reindex(["full"]).iloc[0].to_dict()
    return {str(name): value for name, value in (rows["accuracy"].astype(float).to_dict() | gains).items()}


def means(folder: Path, method: str) -> dict[str, float]:
    """Of a finished run's method, the mean over countries: accuracy by subset, and GAINS over the global model."""
    try:
        return _means(str(folder), (folder / "done.json").stat().st_mtime_ns, method)
    except (OSError, ScpoError, KeyError):  # such a run says what is wrong with it when it is opened
        return {}


@st.cache_data(max_entries=4096, show_spinner=False)
def _content_of_run(folder: str, changed: int) -> str | None:
    return runs.content_hash(Path(folder))


@st.cache_data(ttl=60, max_entries=1, show_spinner=False)
def models_here() -> list[str]:
    """Reward models that need no network; looked for once a minute."""
    return hub.models_here()


@st.cache_data(max_entries=16, show_spinner=False)
def _first_rows(path: str, changed: int) -> pd.DataFrame:
    return data.reading.first_rows(path)


def first_rows(path: str) -> pd.DataFrame:
    """The first rows of a file, from its beginning alone; read again when it changes."""
    return _first_rows(path, *_changed(DataConfig("file", (path,))))


@st.cache_resource(max_entries=3, show_spinner="Reading the data ...")
def _preferences(config: DataConfig, changed: tuple[int, ...]) -> Preferences:
    return data.look(config)[0]


def preferences(config: DataConfig) -> Preferences:
    """The pairs of a data source, also where too few to train on; local files are read again when they change."""
    return _preferences(config, _changed(config))


def _changed(config: DataConfig) -> tuple[int, ...]:
    """When each local file last changed; 0 for one that is not there."""
    paths = [Path(name).expanduser() for name in config.data_files]
    return tuple(p.stat().st_mtime_ns if p.exists() else 0 for p in paths)


@st.cache_data(max_entries=8, show_spinner=False)
def _content(config: DataConfig, changed: tuple[int, ...]) -> str:
    return data.content_hash(preferences(config))


def content(config: DataConfig) -> str:
    """The hash of what a data source holds now, by which a run on the same pairs is known."""
    return _content(config, _changed(config))


@st.cache_data(max_entries=8, show_spinner="Reading the texts as the encoder does ...")
def _reading(config: DataConfig, changed: tuple[int, ...]) -> pd.DataFrame:
    return reading_by(preferences(config), ExperimentConfig.encoder)


def reading(config: DataConfig) -> pd.DataFrame:
    """What the default encoder reads of a data source's texts, per country; by its tokenizer alone."""
    return _reading(config, _changed(config))


@st.cache_data(max_entries=32, show_spinner=False)
def _plan(config: DataConfig, changed: tuple[int, ...], countries: tuple[str, ...]) -> pd.DataFrame:
    return plan_table(preferences(config), countries=countries)


def plan(config: DataConfig, countries: Sequence[str] = ()) -> pd.DataFrame:
    """What the test pairs of a data source can show, of these countries or those of its card."""
    return _plan(config, _changed(config), tuple(countries))


def ran_on(job: Job, config: DataConfig) -> bool:
    """True for a finished run on what a data source holds now, wherever its files lie and whatever they are called.

    A workspace may have hundreds of runs: of each the hash alone is kept, and only the run that fits is read whole.
    """
    done = job.folder / "done.json"
    if job.state != "done" or job.config.data.dataset != config.dataset or not done.exists():
        return False
    try:
        if _content_of_run(str(job.folder), done.stat().st_mtime_ns) != content(config):
            return False
        return finished_run(job.folder).card["content_hash"] == content(config)
    except ScpoError:
        return False


@st.cache_resource(max_entries=3, show_spinner="Reading the texts of the pairs ...")
def _texts(config: DataConfig, changed: tuple[int, ...], content_hash: str) -> Preferences:
    pairs = preferences(config)
    data.check_unchanged(pairs, content_hash)
    return pairs


def texts(result: runs.Result) -> Preferences:
    """The pairs of a run's data with their texts. Raises `ScpoError` if they are gone or not what they were."""
    config = result.config.data
    return _texts(config, _changed(config), result.card["content_hash"])


@st.cache_resource(max_entries=4, show_spinner="Reading what the global model thinks of the pairs ...")
def _margins(folder: str, changed: int) -> tuple[Margins, pd.DataFrame]:
    kept, run = read_margins(Path(folder)), finished_run(Path(folder))
    unread = unreadable(run.tables.get("reading"))
    return kept, disagreement(kept, run.card["unit"] == "question", unread)


def margins(result: runs.Result) -> tuple[Margins, pd.DataFrame]:
    """What the global model of a finished run rewards, and how often it disagrees with each country."""
    return _margins(str(result.folder), (result.folder / "done.json").stat().st_mtime_ns)


@st.cache_resource(max_entries=8, show_spinner=False)
def _outcomes(folder: str, changed: int) -> RunOutcomes:
    return read_outcomes(Path(folder))


def outcomes(result: runs.Result) -> RunOutcomes:
    """What the models of a finished run said on each user or question of the test."""
    return _outcomes(str(result.folder), (result.folder / "done.json").stat().st_mtime_ns)


@st.cache_resource(max_entries=8, show_spinner=False)
def _judges(folder: str, changed: tuple[tuple[str, int], ...]) -> list[Judge]:
    return read_judges(Path(folder))


def judges(result: runs.Result) -> list[Judge]:
    """The judges from outside beside a run; read again when one is brought or taken away."""
    return _judges(str(result.folder), judge_files(result))


def judge_files(result: runs.Result) -> tuple[tuple[str, int], ...]:
    """The files of the judges beside a run, each with when it last changed."""
    files = sorted((result.folder / FOLDER).glob("*.json"))
    return tuple((path.name, path.stat().st_mtime_ns) for path in files)


@st.cache_resource(max_entries=4, show_spinner=False)
def _study(folder: str, changed: tuple[int, ...]) -> study_folder.Study:
    return study_folder.read(Path(folder))


def study(folder: Path) -> study_folder.Study:
    """A study as far as it has come; read again when one of its files changes."""
    return _study(str(folder), tuple(p.stat().st_mtime_ns for p in sorted(folder.glob("[!.]*"))))


@st.cache_resource(max_entries=4, show_spinner=False)
def _store(space: str, url: str | None) -> Store:
    return open_store(Path(space))


def _database() -> tuple[str, str | None]:
    """What names the database of jobs and rooms: the workspace, and an address where one is set."""
    return str(runs.workspace()), os.environ.get("SCPO_DATABASE_URL")


def job_store() -> Store:
    """The job store of the workspace, opened once for all sessions."""
    return _store(*_database())


@st.cache_resource(max_entries=4, show_spinner=False)
def _rooms(space: str, url: str | None) -> RoomStore:
    return RoomStore(_store(space, url).table)


def room_store() -> RoomStore:
    """The rooms of the same database."""
    return _rooms(*_database())


@st.cache_resource(max_entries=8, show_spinner=False)
def _questions(space: str, url: str | None, code: str) -> Questions:
    return _rooms(space, url).questions(code)


def room_questions(code: str) -> Questions:
    """What a room asks. Shared by all sessions: never altered."""
    return _questions(*_database(), code)


@st.cache_resource(max_entries=4, show_spinner=False)
def _class(space: str, url: str | None, code: str, votes: int) -> ClassPopulation:
    return class_population(_questions(space, url, code), _rooms(space, url).votes(code))


def class_of(code: str, votes: int) -> ClassPopulation:
    """What a room's votes say, of which there are so many; worked out once for all that look."""
    return _class(*_database(), code, votes)


def was_encoded(config: ExperimentConfig, jobs: list[Job]) -> bool:
    """True if a finished run had the same texts and encoder, so that the cache has their vectors."""

    def texts(of: ExperimentConfig) -> tuple:
        where = of.located().data
        return where.dataset, where.data_files, where.demo_world, where.demo_seed, of.encoder, of.precision

    def same(job: Job) -> bool:
        encoder = job.config.encoder == config.encoder and job.config.precision == config.precision
        return texts(job.config) == texts(config) or (encoder and ran_on(job, config.data))

    return any(job.state == "done" and same(job) for job in jobs)

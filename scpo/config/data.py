"""Settings of the data: which preference pairs, and how they are split."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scpo.config.setting import as_tuples, check_all_bounds, check_kinds, setting, without_rare
from scpo.errors import ConfigError
from scpo.grouping import of_countries

DATASETS = ("demo", "prism", "globalopinionqa", "survey", "file")
SURVEYS = ("globalopinionqa", "survey")  # of one form, read by one loader
SPLITS = ("auto", "user", "prompt", "both")  # what a split goes by
DEMO_WORLDS = (PLAIN, PRISM_SIZED) = ("plain", "prism")  # the second is the one of settings that name none
NAME_LENGTH = 120  # of a file where it is shown


@dataclass(frozen=True)
class DataConfig:
    """Which preference pairs, and how they are split."""

    dataset: str = setting("demo", "which data: " + ", ".join(DATASETS))
    data_files: tuple[str, ...] = setting(
        (), "local files of the data set, or folders of its parts (csv, tsv, jsonl, json or parquet)"
    )
    countries: tuple[str, ...] = setting((), "countries to steer to; none = the data set's default")
    reference: tuple[str, ...] = setting(
        (), "countries whose pooled pairs train the global model; none = the data set's default"
    )
    data_names: tuple[str, ...] = setting(
        (),
        "what each data file is called where it is shown, such as an upload; none = as it lies on the disk",
        rare=True,
    )
    group: tuple[str, ...] = setting(
        (),
        "what reward models are steered to in place of countries: a column of the data, such as language, or several "
        "that are crossed, such as gender,age; `countries` and `reference` then name its values",
        rare=True,
    )
    min_gap: float = setting(
        0.02,
        "survey: two options pair when their shares differ by at least this",
        measured_in="share",
        low=0,
        high=1,
        open_low=True,
    )
    merge_samples: bool = setting(
        False, "survey: merge several samples of a country, such as 'Brazil (Non-national sample)'"
    )
    demo_seed: int = setting(0, "demo: the seed of the simulated world", low=0)
    demo_world: str = setting(
        PLAIN,
        "demo: which world: plain (short answers, and test people enough to see what is planted) or prism (PRISM's "
        "size: long answers and few test people; the same tastes)",
    )
    demo_test_people: int = setting(
        60,
        "demo: people of each population who are tested, beside those who are learned from, in the world plain; 0 = "
        "`test_share` of all people",
        measured_in="people",
        low=0,
        high=100_000,
        rare=True,
    )
    demo_shift: float = setting(
        1.0,
        "demo: how far countries' tastes lie from the global one; 1 = by 0.8 to 1.7 times its length, 0 = not at all",
        low=0,
        high=100,
        rare=True,
    )
    demo_user_noise: float = setting(
        0.25,
        "demo: standard deviation of a person's taste around their country's, per axis",
        measured_in="reward",
        low=0,
        high=100,
        rare=True,
    )
    demo_score_noise: float = setting(
        0.8, "demo: standard deviation of the noise in each score", measured_in="reward", low=0, high=100, rare=True
    )
    demo_extreme_raters: float = setting(
        0.12, "demo: share of people who only give extreme scores", measured_in="share", low=0, high=1, rare=True
    )
    demo_people: float = setting(
        1.0, "demo: people of each country to steer to, as a multiple of 54 to 86", low=0.5, high=100, rare=True
    )
    demo_reference_people: int = setting(
        320,
        "demo: people of the reference population, whose pairs train the global model",
        measured_in="people",
        low=10,
        high=100_000,
        rare=True,
    )
    split_seed: int = setting(0, "the seed of the split into train and test", low=0)
    split_by: str = setting(
        "auto",
        "what is never in two parts of the split: auto (a file's own column `split`; else users; else prompts or "
        "questions), user, prompt, or both (pairs of a test user on a training prompt are lost)",
        rare=True,
    )
    test_share: float = setting(
        0.15, "share of users or questions held out for the test", measured_in="share", low=0, high=0.5, open_low=True
    )
    validation_share: float = setting(
        0.10,
        "share of the training users or questions used for early stopping only",
        measured_in="share",
        low=0,
        high=0.5,
        open_low=True,
    )
    folds: int = setting(
        1,
        "for few users or questions: so many folds, each tested by models that are trained on the others, so that "
        "every pair is tested once; 1 = one split by `test_share`",
        measured_in="folds",
        low=1,
        high=100,
        rare=True,
    )
    strict: bool = setting(
        False,
        "files: stop at rows that say nothing, such as an empty answer, and name each; otherwise they are left out and "
        "counted",
        rare=True,
    )
    pairs_per_group: int = setting(
        1000,
        "files: at most so many pairs are made of the answers that one person scored to one prompt, or of a question's "
        "options; of more, so many are drawn",
        measured_in="pairs",
        low=1,
        high=100_000_000,
        rare=True,
    )
    layout: str = setting(
        "",
        "file: the layout of a published data set that the file has, such as arena; none = by its columns",
        rare=True,
    )
    columns: tuple[str, ...] = setting(
        (),
        "file: which column is what, such as prompt=question,chosen=better,rejected=worse,country=nation; needed are "
        "prompt with chosen and rejected, with response and score, or with response_a, response_b and winner",
        rare=True,
    )
    title: str = setting("", "files: the name of the data, shown wherever its results are", rare=True)
    licence: str = setting("", "files: the licence of the data, such as CC BY-SA 4.0", rare=True)
    citation: str = setting("", "files: how the data is cited", rare=True)
    url: str = setting("", "files: where the data is from", rare=True)

    def __post_init__(self):
        check_kinds(self)
        if self.dataset not in DATASETS:
            raise ConfigError(f"dataset is {self.dataset!r}; it must be one of {', '.join(DATASETS)}.")
        if self.demo_world not in DEMO_WORLDS:
            raise ConfigError(
                f"demo_world is {self.demo_world!r}; it must be one of {', '.join(DEMO_WORLDS)}.", "demo_world"
            )
        if self.split_by not in SPLITS:
            raise ConfigError(f"split_by is {self.split_by!r}; it must be one of {', '.join(SPLITS)}.")
        if self.folds > 1 and self.split_by == "both":
            raise ConfigError(
                f"folds is {self.folds} and split_by is 'both', which loses pairs, so that not every pair could be "
                "tested. Split by user or by prompt, or leave folds at 1.",
                "folds",
            )
        if self.dataset == "demo" and self.data_files:
            raise ConfigError(
                "dataset 'demo' is simulated and takes no data files; drop data_files or name another dataset."
            )
        if self.dataset == "demo" and (self.title or self.licence or self.citation or self.url):
            raise ConfigError("dataset 'demo' is simulated and keeps its name; drop title, licence, citation and url.")
        if self.dataset == "demo" and not of_countries(self.group):
            raise ConfigError(
                f"dataset 'demo' is steered to its countries; drop group {', '.join(self.group)} or bring data that "
                "has such a column.",
                "group",
            )
        if len({name.strip().casefold() for name in self.group} - {""}) < len(self.group):
            raise ConfigError(f"group is {', '.join(self.group)!r}; it names each column once.", "group")
        if self.dataset != "file" and (self.layout or self.columns):
            raise ConfigError(
                f"dataset {self.dataset!r} has columns of its own; layout and columns are for the dataset 'file'.",
                "layout" if self.layout else "columns",
            )
        if self.dataset in ("file", "survey") and not self.data_files:
            raise ConfigError(
                f"dataset {self.dataset!r} needs at least one data file: on the command line --data-file PATH."
            )
        _check_names(self.data_names, len(self.data_files))
        check_all_bounds(self)

    def as_dict(self) -> dict:
        """Plain values, rare settings only where asked for. A demo world is named unless it is the one of PRISM's size,
        which settings of former versions mean, as there was no other."""
        named = self.dataset == "demo" and self.demo_world != PRISM_SIZED
        return {name: value for name, value in without_rare(self).items() if named or name != "demo_world"}

    @classmethod
    def from_dict(cls, saved: dict) -> DataConfig:
        """The inverse of `as_dict`. Raises `ConfigError`, or `TypeError` for a name that no setting has."""
        unnamed = {"demo_world": PRISM_SIZED} if saved.get("dataset") == "demo" else {}
        return cls(**as_tuples(unnamed | saved))

    @property
    def shown_files(self) -> tuple[str, ...]:
        """The data files by name, for cards and charts; where they lie is nobody else's business."""
        return self.data_names or tuple(Path(name).name for name in self.data_files)


def _check_names(names: tuple[str, ...], files: int) -> None:
    """Names that are shown: one per file, a line of plain characters each. Raises `ConfigError`."""
    if names and len(names) != files:
        raise ConfigError(f"data_names has {len(names)}, data_files {files}; name each file once, or none.")
    bad = [name for name in names if not name.strip() or len(name) > NAME_LENGTH or not name.isprintable()]
    if bad:
        raise ConfigError(f"data_names has {bad[0]!r:.80}; it takes up to {NAME_LENGTH} printable characters a name.")

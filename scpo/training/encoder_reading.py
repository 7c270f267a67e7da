"""What an encoder can read of a data set: unknown tokens, texts that are cut, pairs that cannot be told apart.

An accuracy says something of a taste only where the encoder reads the texts. A script that its tokenizer does not know
comes as the same unknown token over and over; answers that differ only behind its limit are equal to it. Both are seen
from the tokenizer alone, before anything is encoded. Knows nothing of torch.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import safetensors.numpy

from scpo.data.preferences import Preferences
from scpo.format import percent
from scpo.hub import model_folder
from scpo.runs.files import tensor_bytes, write_bytes

LONGEST = 512  # tokens of one text at most, or fewer where an encoder reads fewer
MANY = 4096  # texts tokenized at a time
LOOKED_AT = 10_000  # pairs of a country at most, before any run
MOST_UNKNOWN = MOST_ALIKE = 0.5  # of the tokens, of the pairs: with more, an accuracy says nothing of a taste
WORTH_TELLING, FEW_ALIKE = 0.05, 0.01  # of the tokens unknown or the texts cut; of the pairs alike: more is told
COLUMNS = ["country", "texts", "tokens", "unknown", "cut", "pairs", "alike", "readable"]
log = logging.getLogger("scpo")


@dataclass(frozen=True)
class Read:
    """What is read of n texts: tokens (n,), unknown (n,) of them, cut (n,) bool, and key (n,) of what is left of each;
    texts of one key are the same to the model."""

    tokens: np.ndarray
    unknown: np.ndarray
    cut: np.ndarray
    key: np.ndarray

    def of(self, rows: np.ndarray) -> Read:
        """The same of some of the texts, or of all in another order."""
        return Read(self.tokens[rows], self.unknown[rows], self.cut[rows], self.key[rows])


def read_tokens(
    ids: Sequence[Sequence[int]], unknown: int | None, room: int, tails: Sequence[bool] | np.ndarray
) -> Read:
    """Of texts as token ids without special tokens; room: tokens that are left at most, tails: at the end of a text."""
    tokens = np.array([len(row) for row in ids], np.int64)
    lost = np.array([0 if unknown is None else list(row).count(unknown) for row in ids], np.int64)
    kept = [row[-room:] if tail else row[:room] for row, tail in zip(ids, tails, strict=True)]
    keys = [hashlib.sha256(np.asarray(row, np.int32).tobytes()).digest()[:8] for row in kept]
    return Read(tokens, lost, tokens > room, np.frombuffer(b"".join(keys), np.int64))


class Reader:
    """The tokenizer of an encoder's folder, and how much of a text the encoder reads."""

    def __init__(self, folder: Path):
        self._folder = folder

    @cached_property
    def _parts(self) -> tuple[Callable[[list[str]], list[list[int]]], int | None, int]:
        """Texts to ids, the id of an unknown token, and the room for tokens that are not special."""
        return _fast(self._folder) if (self._folder / "tokenizer.json").is_file() else _slow(self._folder)

    def cut(self, texts: Sequence[str]) -> np.ndarray:
        """Which texts are longer than what is read, (n,) bool; those of few letters are not looked at."""
        is_cut = np.zeros(len(texts), bool)
        room = longest_of(self._folder)
        long = [place for place, text in enumerate(texts) if 2 * len(text.encode("utf-8", "replace")) > room]
        if long:
            ids_of, _, room = self._parts
            is_cut[long] = [len(ids) > room for ids in ids_of([texts[place] for place in long])]
        return is_cut

    def read(self, texts: Sequence[str], tails: Sequence[bool] | np.ndarray) -> Read:
        """What is read of texts; tails: those of which the end is kept and not the beginning."""
        ids_of, unknown, room = self._parts
        parts = [
            read_tokens(ids_of(list(texts[first : first + MANY])), unknown, room, tails[first : first + MANY])
            for first in range(0, len(texts), MANY)
        ]
        return Read(
            *(
                np.concatenate([getattr(part, name) for part in parts]) if parts else np.empty(0, np.int64)
                for name in ("tokens", "unknown", "cut", "key")
            )
        )


def longest_of(folder: Path) -> int:
    """Tokens of one text that the encoder of a folder reads, special ones included."""
    try:
        positions = json.loads((folder / "config.json").read_bytes()).get("max_position_embeddings", LONGEST)
    except (OSError, ValueError):
        positions = LONGEST
    return min(LONGEST, positions)


def _fast(folder: Path) -> tuple:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    model = json.loads(tokenizer.to_str())["model"]
    name, place = model.get("unk_token"), model.get("unk_id")
    unknown = place if name is None else tokenizer.token_to_id(name)

    def ids_of(texts: list[str]) -> list[list[int]]:
        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        return [encoding.ids for encoding in tokenizer.encode_batch(clean, add_special_tokens=False)]

    return ids_of, unknown, longest_of(folder) - tokenizer.num_special_tokens_to_add(False)


def _slow(folder: Path) -> tuple:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)

    def ids_of(texts: list[str]) -> list[list[int]]:
        return tokenizer(texts, add_special_tokens=False, truncation=False, verbose=False)["input_ids"]

    return ids_of, tokenizer.unk_token_id, longest_of(folder) - tokenizer.num_special_tokens_to_add()


def read_data(data: Preferences, reader: Reader, cache: Path | None = None, key: str = "") -> Read:
    """What is read of each row of the table of texts, prompt and answer together.

    cache, key   a folder for what was read, and what names the tokenizer in it; None to keep nothing
    """
    prompts = data.texts["prompt"].cat.categories.tolist()
    place, responses = pd.factorize(data.texts["response"])
    strings, of = [*prompts, *responses], data.texts["prompt"].cat.codes.to_numpy()
    tails = np.arange(len(strings)) < len(prompts)
    path = cache / f"{_name(key, strings, len(prompts))}.safetensors" if cache else None
    kept = _kept(path, len(strings))
    read = reader.read(strings, tails) if kept is None else kept
    if path and kept is None:
        _keep(path, read)
    first, second = read.of(of), read.of(len(prompts) + place)
    both = np.stack([first.key, second.key], axis=1)
    return Read(first.tokens + second.tokens, first.unknown + second.unknown, first.cut | second.cut, both)


def reading_table(data: Preferences, read: Read, countries: Sequence[str] = ()) -> pd.DataFrame:
    """Per country: texts, tokens, shares of unknown tokens, of texts that are cut, of pairs that are alike, and whether
    so much is read that an accuracy says something of a taste.

    read        as `read_data` gives it, one row per text
    countries   which, in order; none = those of the card
    """
    rows, chosen, rejected = [], *(data.pairs[side].to_numpy() for side in ("chosen", "rejected"))
    alike = (read.key[chosen] == read.key[rejected]).reshape(len(chosen), -1).all(1)
    of = data.pairs["country"].astype(str).to_numpy()
    for country in countries or (*data.card.reference, *data.card.countries):
        here = of == country
        texts = np.unique([chosen[here], rejected[here]])
        tokens = int(read.tokens[texts].sum())
        unknown = float(read.unknown[texts].sum() / max(tokens, 1))
        cut, same = (float(of[rows_].mean()) if len(texts) else 0.0 for of, rows_ in ((read.cut, texts), (alike, here)))
        readable = unknown <= MOST_UNKNOWN and same <= MOST_ALIKE
        rows.append((country, len(texts), tokens, unknown, cut, int(here.sum()), same, readable))
    return pd.DataFrame(rows, columns=COLUMNS)


def reading_by(data: Preferences, name: str) -> pd.DataFrame:
    """The same by the tokenizer of an encoder, before any run. Raises `SourceMissing` where the encoder is not here.

    Of a country with more than `LOOKED_AT` pairs, so many are drawn: shares need no more, and tokens take long.
    """
    countries = () if data.card.countries else tuple(data.pairs["country"].astype(str).value_counts().index)
    part = _drawn(data)
    return reading_table(part, read_data(part, Reader(model_folder(name))), countries)


def _drawn(data: Preferences) -> Preferences:
    """The data with at most `LOOKED_AT` pairs of each country, and the texts of these alone."""
    rng, large = np.random.default_rng(0), data.pairs["country"].value_counts().max() > LOOKED_AT
    if not large:
        return data
    of = data.pairs.groupby("country", observed=True).indices.values()
    rows = np.sort(np.concatenate([rng.permutation(rows)[:LOOKED_AT] for rows in of]))
    sides = data.pairs[["chosen", "rejected"]].to_numpy()[rows]
    texts, place = np.unique(sides, return_inverse=True)
    chosen, rejected = place.reshape(sides.shape).T
    pairs = data.pairs.iloc[rows].assign(chosen=chosen, rejected=rejected).reset_index(drop=True)
    table = data.texts.iloc[texts].reset_index(drop=True)
    table["prompt"] = table["prompt"].cat.remove_unused_categories()
    return dataclasses.replace(data, texts=table, pairs=pairs)


def readable(table: pd.DataFrame | None, countries: Iterable[str]) -> list[str]:
    """Those of these countries whose texts the encoder reads: of others an accuracy says nothing of a taste."""
    unread = set(unreadable(table))
    return [country for country in countries if country not in unread]


def unreadable(table: pd.DataFrame | None) -> list[str]:
    """Countries of whose texts too little is read for an accuracy to say anything of a taste."""
    if table is None or not len(table):
        return []
    return table.loc[~table["readable"].astype(bool), "country"].tolist()


def problems(table: pd.DataFrame | None) -> dict[str, str]:
    """Country -> what of its texts is not read, for those where it matters, as the end of a sentence."""
    problem_of = {}
    for row in table.to_dict("records") if table is not None else ():
        parts = [
            words
            for share, least, words in (
                (
                    row["unknown"],
                    WORTH_TELLING,
                    f"{percent(row['unknown'])} of the tokens are unknown to the tokenizer",
                ),
                (row["cut"], WORTH_TELLING, f"{percent(row['cut'])} of the texts are cut at its limit"),
                (row["alike"], FEW_ALIKE, f"{percent(row['alike'])} of the pairs cannot be told apart"),
            )
            if share > least
        ]
        if parts:
            problem_of[row["country"]] = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    return problem_of


def lines_of(table: pd.DataFrame) -> list[str]:
    """The table as lines of text, with what matters of it said below."""
    lines = [f"{'':<22}{'texts':>9}{'unknown tokens':>16}{'texts cut':>11}{'pairs':>9}{'alike':>9}"]
    lines += [
        f"{row['country']:<22.22}{row['texts']:>9,}{percent(row['unknown']):>16}{percent(row['cut']):>11}"
        f"{row['pairs']:>9,}{percent(row['alike']):>9}"
        for row in table.to_dict("records")
    ]
    return [*lines, *told(table)]


def told(table: pd.DataFrame | None) -> list[str]:
    """The same as sentences, the countries without a figure first."""
    unread = unreadable(table)
    lines = [
        f"{country}: {words}{'. No accuracy is shown: it would say nothing of a taste' * (country in unread)}."
        for country, words in problems(table).items()
    ]
    return sorted(lines, key=lambda line: "No accuracy is shown" not in line)


def tell_unread(table: pd.DataFrame) -> None:
    """Into the log, before anything is trained; as a warning, in short, only what no figure will come of: the table of
    results says the rest."""
    for line in told(table):
        log.info("%s", line)
    if unread := unreadable(table):
        log.warning("Too little is read of the texts of %s: no accuracy will be shown there.", ", ".join(unread))


def _name(key: str, strings: Sequence[str], prompts: int) -> str:
    digest = hashlib.sha256(f"{key} {prompts} {len(strings)}".encode())
    for text in strings:
        digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()[:32]


def _kept(path: Path | None, n: int) -> Read | None:
    """What was read before; None if there is nothing, or it is damaged."""
    try:
        arrays = safetensors.numpy.load(path.read_bytes()) if path else {}
        read = Read(*(arrays[name] for name in ("tokens", "unknown", "cut", "key")))
    except (OSError, KeyError, ValueError, safetensors.SafetensorError):
        return None
    return read if all(len(part) == n for part in (read.tokens, read.unknown, read.cut, read.key)) else None


def _keep(path: Path, read: Read) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, tensor_bytes({name: getattr(read, name) for name in ("tokens", "unknown", "cut", "key")}))
    except OSError as error:
        log.warning("what was read cannot be kept in %s (%s); the run goes on without", path.parent, error.strerror)

"""Rooms, their voters and their votes in the database: every change is one transaction, so that no vote counts twice.

A voter is a token, which is in the link of their phone; the database has its hash. A room ends by itself; what was
chosen in it stays until the room is deleted, or for a week.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd
import sqlalchemy as sa

from scpo.errors import RoomError
from scpo.format import counted
from scpo.jobs.job import NAME_LENGTH, line
from scpo.jobs.table import JobTable
from scpo.rooms.questions import Questions
from scpo.rooms.schema import ROOMS, TABLES, VOTERS, VOTES

CODE, TOKEN = re.compile(r"[\w-]{12}", re.ASCII), re.compile(r"[\w-]{22}", re.ASCII)
OF_CODES = "".join(sorted({*string.ascii_letters, *string.digits} - {*"0O1lI"}))  # none looks like another
MOST_VOTERS = 200
FASTEST = 0.3  # seconds between two votes of one voter
JOINING, MOST_JOINING = 10.0, 100  # seconds, and how many may join within them
MINUTES, MOST_MINUTES = 60, 480  # that a room stays open
KEPT_SECONDS = 7 * 86_400.0  # that votes stay after a room has ended
WRONG = (
    "There is no room with this code; it may have been deleted. Scan the code on the projector again, or ask for it."
)
ENDED = "This room has ended, so no more votes are taken."


@dataclass(frozen=True)
class Room:
    """A room: its code, when it was opened and ends (unix seconds of the database's clock), whether it takes votes."""

    code: str
    name: str
    created: float
    ends: float
    is_open: bool
    seconds_left: float


@dataclass(frozen=True)
class Voter:
    """A voter of a room, by number from 1, and the pairs that they have answered."""

    number: int
    answered: frozenset[int]


@dataclass(frozen=True)
class Counts:
    """How many have joined a room, how many of them have answered every pair, and all votes."""

    voters: int
    finished: int
    votes: int


class RoomStore:
    """The rooms of a database. Safe to use from threads and processes at once."""

    def __init__(self, table: JobTable):
        self._table = table
        table.ensure(TABLES)

    def open(self, questions: Questions, name: str = "", minutes: float = MINUTES) -> Room:
        """A new room with an unguessable code. Rooms that ended a week ago are deleted."""
        if not 0 < minutes <= MOST_MINUTES:
            raise RoomError(f"A room stays open for up to {MOST_MINUTES} minutes, not {minutes:g}. Choose fewer.")
        code = "".join(secrets.choice(OF_CODES) for _ in range(12))
        with self._table.writing() as c:
            now = self._table.now(c)
            for old in c.execute(sa.select(ROOMS.c.code).where(ROOMS.c.ends < now - KEPT_SECONDS)).scalars().all():
                _delete(c, old)
            values = {"code": code, "name": line(name, NAME_LENGTH) or "Our class", "questions": questions.as_json()}
            c.execute(sa.insert(ROOMS).values(values | {"created": now, "ends": now + 60 * minutes}))
        return self.room(code)

    def room(self, code: str) -> Room:
        """A room by its code. Raises `RoomError` if there is none."""
        with self._table.reading() as c:
            return _room(_row(c, code), self._table.now(c))

    def rooms(self) -> list[Room]:
        """All rooms, the newest first."""
        with self._table.reading() as c:
            now, order = self._table.now(c), (ROOMS.c.created.desc(), ROOMS.c.code)
            return [_room(row, now) for row in c.execute(sa.select(ROOMS).order_by(*order))]

    def questions(self, code: str) -> Questions:
        """What a room asks; it never changes."""
        with self._table.reading() as c:
            return Questions.from_json(_row(c, code).questions)

    def end(self, code: str) -> Room:
        """Take no more votes from now on."""
        with self._table.writing() as c:
            now = self._table.now(c)
            c.execute(sa.update(ROOMS).where(ROOMS.c.code == code, ROOMS.c.ends > now).values(ends=now))
        return self.room(code)

    def delete(self, code: str) -> None:
        """Delete a room with all its votes."""
        with self._table.writing() as c:
            _delete(c, code)

    def join(self, code: str) -> str:
        """The token of a new voter. Raises `RoomError` if the room has ended, is full, or too many join at once."""
        token = secrets.token_urlsafe(16)
        with self._table.writing() as c:
            now = self._table.now(c)
            self._open_row(c, code, now)
            number = _voters(c, code)
            if number >= MOST_VOTERS:
                raise RoomError(f"This room is full: {counted(MOST_VOTERS, 'voter')} have joined it.")
            if _voters(c, code, VOTERS.c.joined > now - JOINING) >= MOST_JOINING:
                raise RoomError("Very many are joining at this moment. Press Start again in some seconds.")
            c.execute(sa.insert(VOTERS).values(_new_voter(code, number + 1, now) | {"token": _hash(token)}))
        return token

    def voter(self, code: str, token: str) -> Voter:
        """A voter by the token of their link. Raises `RoomError` if the room has none such."""
        with self._table.reading() as c:
            _row(c, code)
            number = _number(c, code, token)
            mine = sa.select(VOTES.c.pair).where(VOTES.c.room == code, VOTES.c.voter == number)
            return Voter(number, frozenset(c.execute(mine).scalars()))

    def vote(self, code: str, token: str, pair: int, chose_left: bool) -> bool:
        """Take a vote; False if this voter has answered the pair before, whose first vote stays.

        Raises `RoomError` if the room has ended, the pair is not the voter's, or votes come faster than one can read.
        """
        with self._table.writing() as c:
            now = self._table.now(c)
            row = self._open_row(c, code, now)
            number = _number(c, code, token)
            asked = _asked(row.questions)
            if not 0 <= pair < asked:
                raise RoomError(f"Pair {pair + 1} is not one of the {asked} that you are asked. Reload the page.")
            if not self._table.insert(c, _new_vote(code, number, pair, chose_left, now), VOTES):
                return False
            in_time = sa.update(VOTERS).where(VOTERS.c.room == code, VOTERS.c.number == number)
            if not c.execute(in_time.where(VOTERS.c.last <= now - FASTEST).values(last=now)).rowcount:
                raise RoomError("That was too quick to have read both answers. Look at them and choose again.")
        return True

    def add(self, code: str, ballots: pd.DataFrame) -> int:
        """Votes from a file or from sheets, also into a room that has ended; returns the number of voters added.

        ballots   voter (any labels), pair (int from 0), left (bool), each voter and pair once
        """
        labels = list(dict.fromkeys(ballots["voter"]))
        with self._table.writing() as c:
            now, row = self._table.now(c), _row(c, code, lock=True)
            first = _voters(c, code)
            if not labels:
                raise RoomError("These are no votes: give at least one voter's.")
            if first + len(labels) > MOST_VOTERS:
                raise RoomError(
                    f"The room has {counted(first, 'voter')}; {len(labels)} more are beyond the {MOST_VOTERS} that a "
                    "room takes. Give fewer."
                )
            asked = _asked(row.questions)
            if not ballots["pair"].between(0, asked - 1).all():
                raise RoomError(f"A pair is not one of the {asked} of this room.")
            number = {label: first + 1 + at for at, label in enumerate(labels)}
            c.execute(sa.insert(VOTERS), [_new_voter(code, number[label], now) | {"token": None} for label in labels])
            votes = zip(ballots["voter"], ballots["pair"], ballots["left"], strict=True)
            c.execute(sa.insert(VOTES), [_new_vote(code, number[v], int(p), bool(left), now) for v, p, left in votes])
        return len(labels)

    def votes(self, code: str) -> pd.DataFrame:
        """All votes of a room: voter (from 1, in the order in which they joined), pair (from 0), left (bool)."""
        query = sa.select(VOTES.c.voter, VOTES.c.pair, VOTES.c.chose_left).where(VOTES.c.room == code)
        with self._table.reading() as c:
            _row(c, code)
            rows = c.execute(query.order_by(VOTES.c.voter, VOTES.c.pair)).all()
        table = pd.DataFrame([tuple(row) for row in rows], columns=["voter", "pair", "left"])
        return table.astype({"voter": int, "pair": int, "left": bool})

    def counts(self, code: str) -> Counts:
        """How far a room is."""
        with self._table.reading() as c:
            asked = _asked(_row(c, code).questions)
            each = sa.select(sa.func.count()).where(VOTES.c.room == code).group_by(VOTES.c.voter)
            sizes = list(c.execute(each).scalars())
            return Counts(_voters(c, code), sum(size >= asked for size in sizes), sum(sizes))

    def _open_row(self, c: sa.Connection, code: str, now: float):
        row = _row(c, code, lock=True)
        if now >= row.ends:
            raise RoomError(ENDED)
        return row


def _row(c: sa.Connection, code: str, lock: bool = False):
    query = sa.select(ROOMS).where(ROOMS.c.code == code)
    row = c.execute(query.with_for_update() if lock else query).first() if CODE.fullmatch(code) else None
    if row is None:
        raise RoomError(WRONG)
    return row


@lru_cache(maxsize=64)
def _asked(questions: str) -> int:
    """How many pairs a room asks; they never change, so they are read once, not at every vote."""
    return len(Questions.from_json(questions))


def _room(row, now: float) -> Room:
    return Room(row.code, row.name, row.created, row.ends, now < row.ends, max(row.ends - now, 0.0))


def _number(c: sa.Connection, code: str, token: str) -> int:
    query = sa.select(VOTERS.c.number).where(VOTERS.c.room == code, VOTERS.c.token == _hash(token))
    number = c.execute(query).scalar() if TOKEN.fullmatch(token) else None
    if number is None:
        raise RoomError("This link is of no voter of this room. Open the room's own link and press Start.")
    return number


def _voters(c: sa.Connection, code: str, *more) -> int:
    return c.execute(sa.select(sa.func.count()).select_from(VOTERS).where(VOTERS.c.room == code, *more)).scalar_one()


def _new_voter(code: str, number: int, now: float) -> dict:
    return {"room": code, "number": number, "joined": now, "last": 0.0}


def _new_vote(code: str, number: int, pair: int, chose_left: bool, now: float) -> dict:
    return {"room": code, "voter": number, "pair": pair, "chose_left": chose_left, "at": now}


def _delete(c: sa.Connection, code: str) -> None:
    for column in (VOTES.c.room, VOTERS.c.room, ROOMS.c.code):
        c.execute(sa.delete(column.table).where(column == code))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

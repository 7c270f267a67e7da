"""Rooms on both kinds of database: each vote counts once, and nothing is taken that should not be."""

import threading
from contextlib import closing

import pytest
import sqlalchemy as sa

from scpo.errors import DatabaseError, RoomError
from scpo.jobs.store import open_store
from scpo.jobs.table import open_table
from scpo.rooms import store as store_module
from scpo.rooms.schema import ROOMS, TABLES
from scpo.rooms.store import MOST_VOTERS, RoomStore

from fakes import demo_questions, planted_votes

DEMO = demo_questions()


@pytest.fixture
def rooms(database_url, monkeypatch):
    """The rooms of a fresh database; votes may come as fast as they can."""
    monkeypatch.setattr(store_module, "FASTEST", 0.0)
    with closing(open_table()) as table:
        yield RoomStore(table)


@pytest.fixture
def clock(monkeypatch):
    """clock(seconds) moves the database's clock on."""
    from scpo.jobs.table import JobTable

    usual, passed = JobTable.now, [0.0]
    monkeypatch.setattr(JobTable, "now", lambda table, c: usual(table, c) + passed[0])
    return lambda seconds: passed.append(passed.pop() + seconds)


def test_a_code_can_be_typed_and_is_a_link_to_its_end(rooms):
    codes = [rooms.open(DEMO).code for _ in range(20)]
    assert all(len(code) == 12 and code.isalnum() and not {*code} & {*"0O1lI"} for code in codes)


def test_a_vote_counts_once_and_the_first_stays(rooms):
    code = rooms.open(DEMO, "7b").code
    token = rooms.join(code)
    assert rooms.vote(code, token, 3, True) and not rooms.vote(code, token, 3, False)
    assert rooms.votes(code).to_dict("records") == [{"voter": 1, "pair": 3, "left": True}]
    assert rooms.voter(code, token).answered == {3}


def test_two_votes_at_once_for_one_pair_count_once(rooms):
    code = rooms.open(DEMO).code
    tokens = [rooms.join(code) for _ in range(4)]
    taken = []

    def press(token, left):
        taken.append(rooms.vote(code, token, 7, left))

    presses = [threading.Thread(target=press, args=(token, n % 2 == 0)) for token in tokens for n in range(4)]
    for thread in presses:
        thread.start()
    for thread in presses:
        thread.join()
    assert sum(taken) == 4 and len(taken) == 16 and len(rooms.votes(code)) == 4


def test_two_who_join_at_once_are_two_voters(rooms):
    code, tokens = rooms.open(DEMO).code, []
    joins = [threading.Thread(target=lambda: tokens.append(rooms.join(code))) for _ in range(12)]
    for thread in joins:
        thread.start()
    for thread in joins:
        thread.join()
    assert {rooms.voter(code, token).number for token in tokens} == set(range(1, 13))


def test_what_was_voted_is_there_after_a_restart(rooms, database_url):
    code = rooms.open(DEMO, "7b").code
    token = rooms.join(code)
    rooms.vote(code, token, 0, True)
    with closing(open_table()) as table:
        again = RoomStore(table)
        assert again.voter(code, token).answered == {0} and again.room(code).name == "7b"
        assert again.questions(code).prompts == DEMO.prompts and again.vote(code, token, 1, False)


def test_a_room_ends_by_itself_and_takes_no_vote_after_that(rooms, clock):
    code = rooms.open(DEMO, minutes=30).code
    token = rooms.join(code)
    clock(29 * 60)
    assert rooms.room(code).is_open and rooms.vote(code, token, 0, True)
    clock(2 * 60)
    assert not rooms.room(code).is_open and rooms.room(code).seconds_left == 0
    for late in (lambda: rooms.vote(code, token, 1, True), lambda: rooms.join(code)):
        with pytest.raises(RoomError, match="This room has ended"):
            late()
    assert len(rooms.votes(code)) == 1


def test_a_teacher_can_end_a_room_and_delete_it_with_all_its_votes(rooms):
    code, other = rooms.open(DEMO).code, rooms.open(DEMO).code
    token = rooms.join(code)
    rooms.vote(code, token, 0, True)
    rooms.vote(other, rooms.join(other), 0, True)
    assert not rooms.end(code).is_open and rooms.counts(code).votes == 1
    rooms.delete(code)
    with rooms._table.reading() as c:
        rows = {
            name: c.execute(sa.select(sa.func.count()).select_from(t)).scalar() for name, t in TABLES.tables.items()
        }
    assert rows == {"rooms": 1, "room_voters": 1, "room_votes": 1}
    with pytest.raises(RoomError, match="There is no room with this code"):
        rooms.votes(code)


def test_a_room_that_ended_a_week_ago_is_deleted_when_the_next_is_opened(rooms, clock):
    code = rooms.open(DEMO).code
    clock(store_module.KEPT_SECONDS + 3700)
    assert [room.code for room in rooms.rooms()] == [code]
    assert [room.code for room in rooms.rooms()] != [rooms.open(DEMO).code] and len(rooms.rooms()) == 1


@pytest.mark.parametrize("code", ["", "x", "0" * 12, "' OR 1=1 --  ", "a\0b", "ü" * 12, "x" * 10_000])
def test_a_wrong_code_is_a_sentence(rooms, code):
    for ask in (rooms.room, rooms.votes, rooms.counts, rooms.questions, rooms.join):
        with pytest.raises(RoomError, match="There is no room with this code"):
            ask(code)


def test_a_vote_for_a_pair_that_is_not_the_voters_or_by_another_rooms_voter_is_refused(rooms):
    code, other = rooms.open(DEMO).code, rooms.open(DEMO).code
    token = rooms.join(code)
    for pair in (-1, 20, 10**20):
        with pytest.raises(RoomError, match="is not one of the 20 that you are asked"):
            rooms.vote(code, token, pair, True)
    for stranger in (rooms.join(other), "", "x" * 22, "a\0b"):
        with pytest.raises(RoomError, match="This link is of no voter of this room"):
            rooms.vote(code, stranger, 0, True)
    assert not len(rooms.votes(code))


def test_votes_faster_than_one_can_read_are_refused_and_can_be_given_again(rooms, clock, monkeypatch):
    monkeypatch.setattr(store_module, "FASTEST", 100.0)
    code = rooms.open(DEMO).code
    token = rooms.join(code)
    assert rooms.vote(code, token, 0, True)
    with pytest.raises(RoomError, match="too quick"):
        rooms.vote(code, token, 1, True)
    assert rooms.voter(code, token).answered == {0}
    clock(101)
    assert rooms.vote(code, token, 1, True)


def test_a_room_takes_so_many_voters_and_so_many_at_once(rooms, clock, monkeypatch):
    monkeypatch.setattr(store_module, "MOST_JOINING", 3)
    code = rooms.open(DEMO).code
    for _ in range(3):
        rooms.join(code)
    with pytest.raises(RoomError, match="Very many are joining"):
        rooms.join(code)
    clock(11)
    rooms.join(code)
    rooms.add(code, planted_votes(DEMO, "Galune", MOST_VOTERS - 4))
    clock(11)
    with pytest.raises(RoomError, match="This room is full: 200 voters"):
        rooms.join(code)
    with pytest.raises(RoomError, match="beyond the 200 that a room takes"):
        rooms.add(code, planted_votes(DEMO, "Galune", 1))


def test_votes_from_outside_are_new_voters_also_of_a_room_that_has_ended(rooms):
    code = rooms.open(DEMO).code
    token = rooms.join(code)
    rooms.vote(code, token, 0, True)
    rooms.end(code)
    votes = planted_votes(DEMO, "Galune", 3)
    assert rooms.add(code, votes) == 3
    counts = rooms.counts(code)
    assert (counts.voters, counts.finished, counts.votes) == (4, 3, 61)
    later = rooms.votes(code).query("voter > 1").sort_values(["voter", "pair"]).reset_index(drop=True)
    assert later["left"].tolist() == votes["left"].tolist()
    for nothing, why in ((votes[:0], "no votes"), (votes.assign(pair=20), "is not one of the 20")):
        with pytest.raises(RoomError, match=why):
            rooms.add(code, nothing)
    assert len(rooms.votes(code)) == 61


def test_the_database_has_no_token_and_codes_cannot_be_guessed(rooms):
    codes = {rooms.open(DEMO).code for _ in range(20)}
    assert len(codes) == 20 and all(len(code) == 12 for code in codes)
    token = rooms.join(min(codes))
    with rooms._table.reading() as c:
        assert token not in str([c.execute(sa.select(table)).all() for table in TABLES.tables.values()])


def test_a_database_of_jobs_gets_the_tables_of_rooms_when_the_first_is_opened(store):
    with store.table.reading() as c:
        assert not sa.inspect(c).has_table("rooms")
    RoomStore(store.table).open(DEMO)
    RoomStore(store.table).open(DEMO)
    with closing(open_store()) as again:
        assert again.jobs() == []


def test_tables_of_another_version_are_refused(rooms):
    with rooms._table.writing() as c:
        c.exec_driver_sql(f"ALTER TABLE {ROOMS.name} DROP COLUMN name")
    with pytest.raises(DatabaseError, match="another version"):
        RoomStore(rooms._table)


@pytest.mark.parametrize("minutes", [0, -1, 481, float("nan")])
def test_a_room_that_would_not_end_is_refused(rooms, minutes):
    with pytest.raises(RoomError, match="up to 480 minutes"):
        rooms.open(DEMO, minutes=minutes)

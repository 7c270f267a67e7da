"""Independent work on several threads: in order, to the same results, and over when it says so."""

import threading
import time

import pytest

from scpo import threads
from scpo.threads import spread, thread_count

FOUR = list(range(4))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_results_and_what_is_told_are_in_the_order_of_the_items(count):
    told = []

    def slow_first(item):
        time.sleep(0.02 * (item == 0))
        return item * item

    assert spread(slow_first, FOUR, told.append, threads=count) == [0, 1, 4, 9] and told == [1, 2, 3, 4]


def test_two_threads_work_at_the_same_time():
    both = threading.Barrier(2, timeout=300)
    assert len(set(spread(lambda item: both.wait(), range(2), threads=2))) == 2


@pytest.mark.parametrize("count", [1, 3])
def test_the_first_failure_in_order_is_raised_and_what_was_not_begun_is_left(count):
    begun = []

    def work(item):
        begun.append(item)
        time.sleep(0.05 * (item > 1))  # a hundred of them take seconds
        if item:
            raise ValueError(item)

    with pytest.raises(ValueError, match="^1$"):
        spread(work, range(100), threads=count)
    assert len(begun) < 100


def test_a_stop_from_what_is_told_leaves_no_thread_at_work():
    before, working = threading.active_count(), []

    def work(item):
        working.append(item)
        time.sleep(0.02)
        working.remove(item)

    def stop(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        spread(work, range(50), stop, threads=2)
    assert not working and threading.active_count() == before


def test_one_item_is_worked_where_one_asks():
    assert spread(lambda item: threading.current_thread(), [0], threads=8) == [threading.current_thread()]


@pytest.mark.parametrize(
    ("cores", "quota", "said", "count"),
    [
        (8, "max 100000", None, 8),
        (8, "250000 100000", None, 3),
        (8, None, "2", 2),
        (2, None, "16", 2),
        (4, None, "0", 1),
        (4, None, "many", 4),
        (4, None, "3,1", 3),
    ],
)
def test_as_many_threads_as_cores_that_may_be_used(monkeypatch, tmp_path, cores, quota, said, count):
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda process: range(cores), raising=False)
    monkeypatch.setattr(threads, "CPU_QUOTA", tmp_path / "cpu.max")
    monkeypatch.delenv("OMP_NUM_THREADS")
    if said:
        monkeypatch.setenv("OMP_NUM_THREADS", said)
    if quota:
        (tmp_path / "cpu.max").write_text(quota)
    assert thread_count() == count

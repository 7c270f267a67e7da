"""How far an experiment is, told by a clock that the test sets."""

import itertools

import pytest

from scpo.progress import STAGES, Progress

EXPECTED = {"embed": 15.0, "global": 1.5, "train": 6.0, "share": 8.0, "measure": 3.0}
WHOLE = sum(EXPECTED.values())


def heard(true, slow=lambda now: 1.0, steps=50, first=None):
    """Entries with the time of each, and when all is done: stages of so many true seconds, on a machine that is
    slow(now) times slower than that. first: the share of a stage that was done before this program began."""
    now, entries = [0.0], []
    progress = Progress(lambda entry: entries.append((now[0], entry)), clock=lambda: now[0])
    progress.report("data", 0, 1)
    progress.expect(**EXPECTED)
    progress.report("data", 1, 1)
    for stage, seconds in true.items():
        done = round((first or {}).get(stage, 0) * steps)
        progress.report(stage, done, steps)
        for step in range(done, steps):
            now[0] += seconds / steps * slow(now[0])
            progress.report(stage, step + 1, steps)
    return entries, now[0]


def worst_time_left(entries, whole, begin):
    """The largest relative error of the time left from `begin` on, as long as a tenth of the time is left."""
    told = [(whole - now, entry["seconds_left"]) for now, entry in entries if begin <= now < 0.9 * whole]
    return max(abs(said - left) / left for left, said in told)


def highest_bar(entries, whole):
    """The highest fraction shown while more than a fifth of the time is left."""
    return max(entry["fraction"] for now, entry in entries if whole - now > 0.2 * whole)


def test_a_stage_that_takes_longer_than_expected_is_told_by_its_own_pace():
    now, heard = [0.0], []
    progress = Progress(heard.append, clock=lambda: now[0])
    progress.expect(**dict.fromkeys(STAGES, 0.0) | {"train": 10.0})
    progress.report("train", 0, 100)
    assert heard[-1]["seconds_left"] == 10
    now[0] = 20.0  # twice what was expected, and one step of a hundred is done
    progress.report("train", 1, 100)
    assert heard[-1]["seconds_left"] == pytest.approx(1980) and heard[-1]["fraction"] == pytest.approx(0.01)


@pytest.mark.parametrize("times", [0.5, 1, 2, 4, 10, 30])
def test_on_a_slower_machine_the_stages_to_come_are_expected_to_be_slower_too(times):
    entries, whole = heard({stage: times * seconds for stage, seconds in EXPECTED.items()})
    assert worst_time_left(entries, whole, whole / 5) < 0.1
    assert 0.7 < highest_bar(entries, whole) < 0.85


@pytest.mark.parametrize("times", [2, 4])
@pytest.mark.parametrize("share", [0.5, 0.7])
def test_a_machine_that_becomes_slower_on_the_way_is_followed(times, share):
    begin = share * WHOLE
    entries, whole = heard(EXPECTED, lambda now: times if now > begin else 1.0)
    assert worst_time_left(entries, whole, 1.4 * begin) < 0.4 and highest_bar(entries, whole) < 0.9


def test_the_bar_is_not_near_its_end_while_a_fifth_of_the_time_is_left_however_wrong_the_expectations():
    for factors in itertools.product((0.3, 1, 3, 10), repeat=len(EXPECTED)):
        true = {stage: factor * EXPECTED[stage] for stage, factor in zip(EXPECTED, factors, strict=True)}
        assert highest_bar(*heard(true, steps=20)) <= 0.9 + 1e-9, factors


@pytest.mark.parametrize("stage", EXPECTED)
def test_a_stage_expected_wrongly_is_told_by_its_own_pace_once_it_runs(stage):
    entries, whole = heard({**EXPECTED, stage: 10 * EXPECTED[stage]})
    at, entry = next((now, e) for now, e in entries if e["stage"] == stage and e["done"] == 25)
    own = 5 * EXPECTED[stage]
    later = sum(seconds for name, seconds in EXPECTED.items() if STAGES.index(name) > STAGES.index(stage))
    assert 0.999 * own <= entry["seconds_left"] <= 1.001 * own + 10 * later and entry["seconds_left"] >= 0.9 * (
        whole - at
    )


def test_texts_that_were_encoded_before_do_not_make_the_machine_fast():
    entries, whole = heard({**EXPECTED, "embed": 0.01})
    assert worst_time_left(entries, whole, whole / 5) < 0.1


def test_texts_that_were_encoded_before_do_not_move_the_bar():
    now, heard = [0.0], []
    progress = Progress(heard.append, clock=lambda: now[0])
    progress.expect(**EXPECTED)
    progress.report("data", 1, 1)
    now[0] = 0.1
    progress.report("embed", 1, 1)
    assert heard[-1]["fraction"] < 0.01


def test_steps_of_unlike_length_do_not_shake_the_time_left():
    """Twenty steps, of which every fifth is five times as long as the others."""
    now, entries = [0.0], []
    progress = Progress(lambda entry: entries.append((now[0], entry)), clock=lambda: now[0])
    progress.expect(**dict.fromkeys(STAGES, 0.0) | {"share": 30.0})
    progress.report("share", 0, 20)
    for step in range(20):
        now[0] += 5.0 if step % 5 == 2 else 1.0
        progress.report("share", step + 1, 20)
    assert worst_time_left(entries, now[0], now[0] / 5) < 0.4


def test_a_resumed_run_is_as_far_as_the_work_is_and_takes_its_pace_from_what_it_does_itself():
    entries, _ = heard({"train": 100.0, "measure": 3.0}, first={"train": 0.6})
    entry = next(e for _, e in entries if e["stage"] == "train" and e["done"] == 40)
    slower = 100 / EXPECTED["train"]
    own, later = 0.2 * 100, EXPECTED["share"] + EXPECTED["measure"]
    assert own <= entry["seconds_left"] <= own + slower * later and entry["fraction"] > 0.3
    last = [e for _, e in entries if e["stage"] == "train"][-1]
    assert last["fraction"] > 100 / (100 + slower * later) - 0.01, "what was done before counts as done"


def test_the_fraction_never_falls_and_ends_at_one():
    entries, _ = heard(EXPECTED, lambda now: 20.0 if now > 12 else 0.5)
    fractions = [entry["fraction"] for _, entry in entries]
    assert fractions == sorted(fractions) and fractions[-1] == pytest.approx(1) and entries[-1][1]["seconds_left"] == 0

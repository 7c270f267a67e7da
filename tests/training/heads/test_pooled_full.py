"""One model for all, then its own: where each stage begins, what is kept, and where it must win."""

import numpy as np
import torch
from planted import D, accuracy, assert_may_be_stopped, flipped, plan_of, planted

from scpo.progress import Progress
from scpo.training.heads.pooled_full import of_all, train_pooled_full
from scpo.training.heads.train import train_countries


def mostly_shared(countries=8, common=1.5, own=0.5):
    """Shifts that are for the most part the same everywhere."""
    rng = np.random.default_rng(6)
    return common * rng.normal(size=D) + own * rng.normal(size=(countries, D))


def trained(problem, method):
    return train_countries(problem, plan_of(problem, method), Progress()).theta


def test_it_wins_over_both_of_its_stages_where_countries_share_most_of_their_taste_and_have_few_pairs():
    problem = planted(mostly_shared(8, own=0.8), train=40, test=400, lr=0.02)
    mine = accuracy(problem, train_pooled_full(problem, plan_of(problem, "pooled_full")).theta)
    assert mine > max(accuracy(problem, trained(problem, method)) for method in ("full", "pooled")) + 0.01


def test_its_first_stage_is_the_method_pooled_byte_for_byte():
    problem = planted(mostly_shared(3), seeds=2)
    mine, pooled = of_all(plan_of(problem, "pooled_full", (10,))), plan_of(problem, "pooled", (10,))
    columns = ["country", "method", "seed", "level"]
    assert mine.table[columns].equals(pooled.table[columns])
    for one, other in zip(mine.pools, pooled.pools, strict=True):
        assert np.array_equal(one.rows, other.rows) and np.array_equal(one.weight, other.weight)
        assert one.seed == other.seed
    first, second = (train_countries(problem, plan, Progress()).theta for plan in (mine, pooled))
    assert torch.equal(first, second)


def test_begun_at_the_global_model_its_second_stage_is_the_method_full():
    problem = planted(mostly_shared(3))
    begin = torch.stack(list(problem.start.values()))
    second = train_countries(problem, plan_of(problem, "pooled_full"), Progress(), begin=begin).theta
    assert torch.equal(second, trained(problem, "full"))


def test_a_country_whose_own_pairs_say_nothing_new_keeps_the_model_of_all():
    problem = planted(mostly_shared(3, own=0.0), train=60)
    plan = plan_of(problem, "pooled_full")
    plan.pools[0] = type(plan.pools[0])(plan.pools[0].rows[:0], plan.pools[0].weight[:0], plan.pools[0].seed)
    theta = train_pooled_full(problem, plan).theta
    assert torch.equal(theta[0], train_countries(problem, of_all(plan), Progress()).theta[0])
    assert not torch.equal(theta[0], problem.start["country 0"])


def test_steps_are_chosen_on_validation_and_never_on_test():
    problem = planted(mostly_shared(2))
    plan = plan_of(problem, "pooled_full")
    theta = train_pooled_full(problem, plan).theta
    assert torch.equal(train_pooled_full(flipped(problem, "test"), plan).theta, theta)
    assert not torch.equal(train_pooled_full(flipped(problem, "validation"), plan).theta, theta)


def test_progress_rises_over_both_stages_to_the_whole_and_may_stop_the_work():
    problem, told = planted(mostly_shared(2), train=30), []
    train_pooled_full(problem, plan_of(problem, "pooled_full"), lambda done, total: told.append(done / total))
    assert told == sorted(told) and told[-1] == 1 and told[0] < 0.4
    assert_may_be_stopped(train_pooled_full, problem, plan_of(problem, "pooled_full"))

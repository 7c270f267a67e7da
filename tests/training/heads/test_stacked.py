"""Heads trained together equal heads trained one at a time, and learn what was planted."""

import numpy as np
import pytest
import torch

from scpo.errors import Stopped
from scpo.plan import Pool
from scpo.training.heads import stacked as stacked_module
from scpo.training.heads.stacked import Heads, HeadShape, batch_order, twins
from scpo.training.loss import weighted_bradley_terry

TEXTS, WIDTH, PAIRS = 60, 10, 200


@pytest.fixture
def world():
    rng = np.random.default_rng(0)
    phi = rng.normal(size=(TEXTS, WIDTH)).astype(np.float32)
    chosen, rejected = rng.integers(0, TEXTS, PAIRS), rng.integers(0, TEXTS, PAIRS)
    sizes = [*rng.integers(1, PAIRS, size=stacked_module.BLOCK + 7), 3]  # more than one block; smaller than a batch
    pools = [
        Pool(rng.permutation(PAIRS)[:n], rng.uniform(0, 1, n).astype(np.float32), (1, k)) for k, n in enumerate(sizes)
    ]
    return phi, chosen, rejected, pools


def together(world, shape, steps=25, start=None, **settings):
    phi, chosen, rejected, pools = world
    start = torch.stack([shape.fresh(k) for k in range(len(pools))]) if start is None else start
    options = {"steps": steps, "batch_size": 8, "lr": 0.01} | settings
    return Heads(shape, start, pools, lambda rows: phi[rows], chosen, rejected, **options)


def one_at_a_time(world, shape, head, steps=25):
    """The slow twin: one head, autograd, torch's own Adam, the project's loss."""
    phi, chosen, rejected, pools = world
    pool, phi = pools[head], torch.from_numpy(phi)
    theta = torch.nn.Parameter(shape.fresh(head))
    adam = torch.optim.Adam([theta], lr=0.01)
    order = batch_order(pool, 0, steps * 8).reshape(steps, 8)
    for batch in order:
        rows, weight = pool.rows[batch], torch.from_numpy(pool.weight[batch])
        rewards = [shape.rewards(theta[None], phi[side[rows]])[0] for side in (chosen, rejected)]
        adam.zero_grad()
        weighted_bradley_terry(*rewards, weight).backward()
        adam.step()
    return theta.detach()


@pytest.mark.parametrize("hidden", [0, 5])
def test_stacked_heads_equal_one_at_a_time(world, hidden):
    shape = HeadShape(WIDTH, hidden)
    heads = together(world, shape)
    heads.advance(10)
    heads.advance(25)
    for head in (0, 1, stacked_module.BLOCK - 1, stacked_module.BLOCK, len(world[3]) - 1):
        assert torch.allclose(heads.theta[head], one_at_a_time(world, shape, head), atol=1e-5)


@pytest.fixture
def families(world):
    """Three heads of one order and other weights, two of another, one alone, and one that is the last one's twin."""
    phi, chosen, rejected, pools = world
    a, b, c = pools[:3]
    alike = [Pool(pool.rows, pool.weight * factor, pool.seed) for pool, factor in ((a, 1), (b, 1), (a, 0.5), (b, 0.2))]
    return phi, chosen, rejected, [*alike, a, c, c]


@pytest.mark.parametrize("hidden", [0, 5])
def test_heads_that_share_the_reading_of_a_batch_equal_those_trained_alone(families, hidden):
    shape = HeadShape(WIDTH, hidden)
    start = torch.stack([shape.fresh(k) for k in (0, 1, 2, 3, 4, 5, 5)])
    heads = together(families, shape, start=start)
    assert sorted(block.shape for block in heads._blocks) == [(1, 1), (1, 2), (1, 3)]
    heads.advance(25)
    for head in range(6):
        assert torch.allclose(heads.theta[head], one_at_a_time(families, shape, head), atol=1e-5)
    assert torch.equal(heads.theta[5], heads.theta[6]) and not torch.equal(heads.theta[0], heads.theta[2])


def test_heads_of_one_pool_are_twins_only_where_they_begin_alike(families):
    start = torch.zeros(7, WIDTH)
    assert twins(families[3], start).tolist() == [0, 1, 2, 3, 4, 5, 5]
    start[6] = 1
    assert twins(families[3], start).tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_weights_are_the_same_bytes_on_any_number_of_threads(world, monkeypatch):
    monkeypatch.setattr(stacked_module, "BLOCK", 8)
    monkeypatch.setattr("scpo.threads._cores", lambda: 3)
    found = []
    for threads in ("1", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        heads = together(world, HeadShape(WIDTH))
        heads.advance(25)
        found.append(b"".join(tensor.numpy().tobytes() for tensor in (heads.theta, heads.m, heads.v)))
    assert found[0] == found[1]


def test_every_parameter_moves(world):
    for hidden in (0, 5):
        heads = together(world, HeadShape(WIDTH, hidden))
        before = heads.theta.clone()
        heads.advance(25)
        assert (heads.theta != before).all()


def test_differences_made_batch_by_batch_give_the_same_weights(world, monkeypatch):
    ready = together(world, HeadShape(WIDTH))
    ready.advance(25)
    monkeypatch.setattr(stacked_module, "PRECOMPUTE", 0)
    made = together(world, HeadShape(WIDTH))
    made.advance(25)
    assert torch.allclose(ready.theta, made.theta, atol=1e-6)


def test_a_head_without_pairs_or_with_zero_weight_stays_where_it_starts(world):
    phi, chosen, rejected, pools = world
    idle = [Pool(np.empty(0, np.int64), np.empty(0, np.float32), (0,)), Pool(pools[0].rows, pools[0].weight * 0, (0,))]
    start = torch.ones(3, WIDTH)
    heads = together((phi, chosen, rejected, [*idle, pools[1]]), HeadShape(WIDTH), start=start)
    heads.advance(25)
    assert torch.equal(heads.theta[:2], start[:2]) and not torch.equal(heads.theta[2], start[2])


def test_a_stop_between_blocks_leaves_every_head_at_the_last_step(world):
    heads, shares = together(world, HeadShape(WIDTH)), []
    heads.advance(5)
    before = heads.theta.clone()

    def stop_in_the_second_block(done, total):
        shares.append((done - 5) / (total - 5))
        if shares[-1] > 0.95:  # the first block is 64 of 72 heads
            raise Stopped("enough")

    with pytest.raises(Stopped):
        heads.advance(25, stop_in_the_second_block)
    assert heads.step == 5 and torch.equal(heads.theta, before)
    assert shares == sorted(shares) and shares[0] == 0 and len(shares) > 20


def test_each_shuffle_meets_every_pair_once():
    pool = Pool(np.arange(7), np.ones(7, np.float32), (3, 4))
    order = batch_order(pool, 0, 20)
    assert sorted(order[:7]) == sorted(order[7:14]) == list(range(7)) and len(order) == 20


@pytest.mark.parametrize("size", [1, 7, 1000, 4096, 5000])
def test_any_part_of_the_order_can_be_had_by_itself(size):
    pool = Pool(np.arange(size), np.ones(size, np.float32), (3, 4))
    whole = batch_order(pool, 0, 20_000)
    assert (np.bincount(whole[: 20_000 // size * size], minlength=size) == 20_000 // size).all()
    for begin, end in ((0, 1), (4095, 4097), (9_999, 20_000), (12_288, 12_300)):
        assert (batch_order(pool, begin, end) == whole[begin:end]).all()


def test_a_planted_taste_is_recovered():
    rng = np.random.default_rng(1)
    phi, taste = rng.normal(size=(400, WIDTH)).astype(np.float32), rng.normal(size=WIDTH)
    left, right = rng.integers(0, 400, 3000), rng.integers(0, 400, 3000)
    wins = rng.uniform(size=3000) < 1 / (1 + np.exp(-(phi[left] - phi[right]) @ taste))
    chosen, rejected = np.where(wins, left, right), np.where(wins, right, left)
    pool = Pool(np.arange(3000), np.ones(3000, np.float32), (0,))
    heads = Heads(
        HeadShape(WIDTH),
        torch.zeros(1, WIDTH),
        [pool],
        lambda rows: phi[rows],
        chosen,
        rejected,
        steps=400,
        batch_size=64,
        lr=0.02,
    )
    heads.advance(400)
    learned = heads.theta[0].numpy()
    assert learned @ taste / np.linalg.norm(learned) / np.linalg.norm(taste) > 0.98


def test_rewards_of_texts_shared_by_all_heads_equal_rewards_given_per_head():
    for hidden in (0, 3):
        shape = HeadShape(WIDTH, hidden)
        theta, phi = torch.randn(4, shape.size), torch.randn(6, WIDTH)
        assert torch.allclose(shape.rewards(theta, phi), shape.rewards(theta, phi.expand(4, 6, WIDTH)), atol=1e-5)


@pytest.mark.parametrize("hidden", [0, 4])
def test_scaled_heads_give_scaled_rewards(hidden):
    shape = HeadShape(WIDTH, hidden)
    theta, phi = torch.randn(3, shape.size), torch.randn(TEXTS, WIDTH)
    before = theta.clone()
    scaled, times = shape.rewards(shape.scaled(theta, 2.5), phi), 2.5 * shape.rewards(theta, phi)
    assert torch.allclose(scaled, times, rtol=1e-4, atol=1e-5)  # a reward near 0 is a difference of large numbers
    assert torch.equal(theta, before) and torch.equal(shape.scaled(theta, 1.0), theta)

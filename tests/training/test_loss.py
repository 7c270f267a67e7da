"""The weighted Bradley-Terry loss, against hand-worked values, gradients and the published vectors."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scpo.errors import ConfigError
from scpo.methods import select
from scpo.training.loss import weighted_bradley_terry


def test_hand_worked_loss_divides_by_the_number_of_pairs():
    """Margins 0 and ln 3 with weights 1/2 and 1: (ln 2 / 2 + ln(4/3)) / 2."""
    loss = weighted_bradley_terry(torch.tensor([0.0, math.log(3)]), torch.zeros(2), torch.tensor([0.5, 1.0]))
    assert loss.item() == pytest.approx((math.log(2) / 2 + math.log(4 / 3)) / 2)


def test_weights_of_one_give_the_plain_loss():
    chosen, rejected = torch.randn(9, generator=torch.manual_seed(0)), torch.zeros(9)
    plain = -torch.nn.functional.logsigmoid(chosen - rejected).mean()
    assert torch.equal(weighted_bradley_terry(chosen, rejected, torch.ones(9)), plain)


def test_a_weight_of_zero_gives_no_gradient():
    chosen = torch.zeros(2, requires_grad=True)
    weighted_bradley_terry(chosen, torch.zeros(2), torch.tensor([0.0, 1.0])).backward()
    assert chosen.grad.tolist() == [0.0, -0.25]  # -w sigmoid(-0) / b


def test_huge_margins_stay_finite():
    loss = weighted_bradley_terry(torch.tensor([-1e4, 1e4]), torch.zeros(2), torch.ones(2))
    assert loss.item() == pytest.approx(5000)


@pytest.mark.parametrize("shape", [(3, 1), (2,), (3, 3)])
def test_shapes_that_would_broadcast_are_refused(shape):
    with pytest.raises(ConfigError, match="each must be \\(b,\\)"):
        weighted_bradley_terry(torch.zeros(3), torch.zeros(3), torch.zeros(shape))


def test_an_empty_batch_is_refused():
    with pytest.raises(ConfigError):
        weighted_bradley_terry(torch.zeros(0), torch.zeros(0), torch.zeros(0))


@pytest.mark.shared_data
@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_published_losses_are_reproduced(shared_data, dtype, tolerance):
    for case in json.loads((shared_data / "method_vectors.json").read_text()):
        margin = np.array(case["global_chosen"]) - np.array(case["global_rejected"])
        chosen, rejected = torch.tensor(case["chosen"], dtype=dtype), torch.tensor(case["rejected"], dtype=dtype)
        for name, method in (
            ("loss_all_unweighted", "full"),
            ("loss_kept_unweighted", "filter"),
            ("loss_all_weighted", "weight"),
            ("loss_scpo", "scpo"),
            ("loss_inverse", "inverse"),
        ):
            keep, weight = select(method, margin, case["tau"], case["beta"])
            keep = torch.from_numpy(keep)
            loss = weighted_bradley_terry(chosen[keep], rejected[keep], torch.tensor(weight, dtype=dtype)[keep])
            assert loss.item() == pytest.approx(case[name], rel=tolerance), name


finite = st.floats(-30, 30)


@given(st.lists(st.tuples(finite, finite, st.floats(0, 5)), min_size=1, max_size=12))
def test_the_gradient_is_the_one_worked_by_hand(pairs):
    """d/d chosen of the mean of -w log sigmoid(m) is -w sigmoid(-m) / b; of rejected, the opposite."""
    chosen, rejected, weight = (torch.tensor(column, dtype=torch.float64) for column in zip(*pairs, strict=True))
    chosen.requires_grad_(), rejected.requires_grad_()
    loss = weighted_bradley_terry(chosen, rejected, weight)
    loss.backward()
    m = (chosen - rejected).detach().numpy()
    by_hand = -weight.numpy() / (1 + np.exp(m)) / len(m)
    assert chosen.grad.numpy() == pytest.approx(by_hand, abs=1e-12)
    assert rejected.grad.numpy() == pytest.approx(-by_hand, abs=1e-12)
    assert loss.item() == pytest.approx(np.mean(weight.numpy() * np.log1p(np.exp(-m))), abs=1e-9) and loss >= 0


@given(st.lists(st.tuples(finite, finite, st.floats(0, 5)), min_size=1, max_size=12), st.floats(0, 10), st.randoms())
def test_the_loss_scales_with_the_weights_and_does_not_know_the_order(pairs, factor, random):
    chosen, rejected, weight = (torch.tensor(column, dtype=torch.float64) for column in zip(*pairs, strict=True))
    order = list(range(len(pairs)))
    random.shuffle(order)
    loss = weighted_bradley_terry(chosen, rejected, weight).item()
    other = weighted_bradley_terry(chosen[order], rejected[order], factor * weight[order]).item()
    assert other == pytest.approx(factor * loss, rel=1e-9, abs=1e-12)

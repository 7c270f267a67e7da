"""How heads are chosen where there is something to choose by, and where there is nothing."""

import torch

from scpo.training.heads.held_out import validation_score


def test_accuracy_counts_first_and_log_loss_breaks_ties():
    margins = torch.tensor([[2.0, -1.0], [3.0, -1.0], [1.0, 1.0]])
    score = validation_score([margins])
    assert score.argsort(descending=True).tolist() == [2, 1, 0]


def test_a_country_without_validation_pairs_has_a_score_of_the_same_kind():
    """It goes into one tensor with those of the others; every step is as good as the first."""
    nothing = validation_score([torch.empty(3, 0)])
    assert nothing.tolist() == [0, 0, 0] and nothing.dtype == validation_score([torch.ones(3, 2)]).dtype

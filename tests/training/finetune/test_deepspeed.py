"""DeepSpeed casts the weights themselves to a low precision: refused, by accelerate's own plugin."""

import pytest
import torch
from accelerate.utils import DeepSpeedPlugin

from scpo.errors import ConfigError
from scpo.training.finetune.checks import check_deepspeed


def plugin(precision):
    made = DeepSpeedPlugin(zero_stage=1)
    made.set_mixed_precision(precision)
    return made


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_float32_weights_that_deepspeed_would_round_are_refused(precision):
    with pytest.raises(ConfigError, match=f"DeepSpeed with {precision} casts.*from float32.*{precision}=False"):
        check_deepspeed(plugin(precision), torch.nn.Linear(2, 1))


def test_weights_that_deepspeed_leaves_as_they_are_pass():
    check_deepspeed(None, torch.nn.Linear(2, 1))
    check_deepspeed(plugin("no"), torch.nn.Linear(2, 1))
    check_deepspeed(plugin("bf16"), torch.nn.Linear(2, 1).bfloat16())

"""A run's encoder and one country's head as one sequence-classification model of transformers.

Importing this module makes the type known, so that `AutoModelForSequenceClassification.from_pretrained` loads an
exported folder as any other, without any code from the folder. A prompt and its answer come in as one sequence, the
pair form of the tokenizer (`[CLS] prompt [SEP] answer [SEP]`); inside, each is encoded alone, as in training.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import SequenceClassifierOutput

from scpo.errors import ConfigError, InputError
from scpo.training.asking import pair_template
from scpo.training.heads.features import PRODUCT
from scpo.training.heads.stacked import HeadShape

KIND = "scpo-reward"


class RewardConfig(PretrainedConfig):
    """encoder: its own config as a dict; hidden: width of the head's layer, 0 = linear; longest: tokens of each of
    prompt and answer that are read; separator: id of the token that ends each; prompt_end: the end of a longer
    prompt is read and not its beginning (exports of older versions read the beginning)."""

    model_type = KIND

    def __init__(
        self,
        encoder: dict | None = None,
        hidden: int = 0,
        longest: int = 512,
        separator: int = 0,
        prompt_end: bool = False,
        **more,
    ):
        self.encoder, self.hidden, self.longest, self.separator = encoder, hidden, longest, separator
        self.prompt_end = prompt_end
        super().__init__(**{"num_labels": 1, **more})


class RewardModel(PreTrainedModel):
    """Rewards of (prompt, answer) sequences as logits (b, 1)."""

    config_class = RewardConfig
    base_model_prefix = "encoder"

    def __init__(self, config: RewardConfig):
        super().__init__(config)
        inner = dict(config.encoder or {})
        self.encoder = AutoModel.from_config(AutoConfig.for_model(inner.pop("model_type"), **inner))
        self.shape = HeadShape(2 * self.encoder.config.hidden_size, config.hidden)
        self.theta = nn.Parameter(torch.zeros(self.shape.size))
        self.register_buffer("prompt_mean", torch.zeros(self.encoder.config.hidden_size))
        self.post_init()

    def forward(self, input_ids, attention_mask=None, token_type_ids=None, labels=None, **more):
        """Token ids (b, t) to logits (b, 1). Raises `InputError` for a sequence that is no prompt with its answer."""
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        prompts, answers = zip(
            *(self._parts(ids[kept.bool()]) for ids, kept in zip(input_ids, mask, strict=True)), strict=True
        )
        known = {prompt: at for at, prompt in enumerate(dict.fromkeys(tuple(ids.tolist()) for ids in prompts))}
        each = torch.tensor([known[tuple(ids.tolist())] for ids in prompts], device=input_ids.device)
        distinct = [torch.tensor(ids, device=input_ids.device) for ids in known]  # both answers of a pair share one
        prompt, answer = self._vectors(distinct)[each], self._vectors(answers)
        with torch.autocast(answer.device.type, enabled=False):  # rewards are small differences of large sums
            prompt, answer, root = prompt.float(), answer.float(), answer.shape[1] ** 0.5
            phi = torch.cat([root * answer, (root * root * PRODUCT) * (prompt - self.prompt_mean) * answer], dim=1)
            logits = self.shape.rewards(self.theta.float()[None], phi)[0][
                :, None
            ]  # phi as in scpo.training.heads.features
        loss = nn.functional.mse_loss(logits[:, 0], labels.to(logits)) if labels is not None else None
        return SequenceClassifierOutput(loss=loss, logits=logits)

    def _parts(self, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """One sequence to the ids of its prompt and of its answer, each begun and ended as the encoder knows it.

        A text of the template that got the special tokens once more, as RewardBench asks, is read without them.
        """
        doubled = len(ids) > 4 and ids[0] == ids[1] and ids[-2] == ids[-1] == self.config.separator
        ids = ids[1:-1] if doubled else ids
        ends = torch.nonzero(ids == self.config.separator)[:, 0]
        if not len(ends) or int(ends[0]) + 1 >= len(ids):
            raise InputError(
                "A reward needs a prompt and its answer: tokenize them as a pair, tokenizer(prompt, answer), or as "
                "messages through the chat template."
            )
        first = int(ends[0]) + 1
        return self._cut(ids[:first], self.config.prompt_end), self._cut(torch.cat([ids[:1], ids[first:]]), False)

    def _cut(self, ids: torch.Tensor, tail: bool) -> torch.Tensor:
        """At most `longest` tokens, begun and ended as the encoder's tokenizer does; tail: those of the end."""
        end = ids.new_tensor([self.config.separator])
        body, room = ids[1:-1] if ids[-1] == end else ids[1:], self.config.longest - 2
        return torch.cat([ids[:1], body[len(body) - min(room, len(body)) :] if tail else body[:room], end])

    def _vectors(self, rows) -> torch.Tensor:
        """Mean over tokens of the last hidden state, L2-normalised, (b, d)."""
        ids = nn.utils.rnn.pad_sequence(list(rows), batch_first=True)
        size = torch.tensor([len(row) for row in rows], device=ids.device)
        mask = torch.arange(ids.shape[1], device=ids.device) < size[:, None]
        hidden = self.encoder(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        mean = (hidden * mask[..., None]).sum(1) / size[:, None]
        return nn.functional.normalize(mean)


def assemble(folder: Path, theta: torch.Tensor, hidden: int, prompt_mean: torch.Tensor):
    """A model of the encoder in a folder under a head (p,), in fp32, and its tokenizer.

    Raises `ConfigError` for a tokenizer that cannot put a pair in one sequence.
    """
    local = {"local_files_only": True, "trust_remote_code": False}
    tokenizer = AutoTokenizer.from_pretrained(folder, **local)
    sample = tokenizer("a", "b")["input_ids"]
    if None in (tokenizer.cls_token_id, tokenizer.sep_token_id) or (
        sample[0] != tokenizer.cls_token_id or sample.count(tokenizer.sep_token_id) != 2
    ):
        raise ConfigError(
            f"The tokenizer of the encoder {folder.name} does not write a pair as [CLS] prompt [SEP] answer [SEP], so "
            "that one sequence cannot hold both. Use an encoder of BERT's kind, such as minilm."
        )
    with torch.random.fork_rng():
        torch.manual_seed(0)  # a pooler that the folder lacks is made up; unused, but saved and hashed with the rest
        encoder = AutoModel.from_pretrained(folder, dtype=torch.float32, use_safetensors=True, **local)
    longest = min(512, getattr(encoder.config, "max_position_embeddings", 512))
    inner = encoder.config.to_diff_dict() | {"model_type": encoder.config.model_type}
    config = RewardConfig(
        encoder=inner,
        hidden=hidden,
        longest=longest,
        separator=tokenizer.sep_token_id,
        prompt_end=True,
        pad_token_id=tokenizer.pad_token_id,
        architectures=["RewardModel"],
    )
    model = RewardModel(config)
    model.encoder.load_state_dict(encoder.state_dict())
    with torch.no_grad():
        model.theta.copy_(theta)
        model.prompt_mean.copy_(prompt_mean)
    tokenizer.model_max_length = 2 * longest
    return model.eval(), tokenizer


def add_template(tokenizer) -> None:
    """Messages as the pair that the model was trained on, for those who have messages."""
    tokenizer.chat_template = pair_template(tokenizer.cls_token, tokenizer.sep_token, tokenizer.sep_token)


AutoConfig.register(KIND, RewardConfig, exist_ok=True)
AutoModelForSequenceClassification.register(RewardConfig, RewardModel, exist_ok=True)

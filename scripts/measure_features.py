"""Compare features for the reward head: the table of docs/features.md.

    .venv/bin/python -m scripts.measure_features [--data-file answers.jsonl]

For each candidate, the global head is trained on the reference countries' training pairs and
judged on their validation pairs (log loss and accuracy), never on test pairs. The demo world is
measured always; GlobalOpinionQA where a file is given.
"""

from __future__ import annotations

import argparse
import dataclasses

import numpy as np
import torch

from scpo import data as sources
from scpo.config import PRISM_SIZED, DataConfig
from scpo.data.preferences import VALIDATION
from scpo.training.encoders import load_encoder
from scpo.training.heads import features as features_module
from scpo.training.heads.features import Features, cache_folder, cached_vectors, embed_texts
from scpo.training.heads.global_model import train_global
from scpo.training.heads.stacked import HeadShape


@dataclasses.dataclass(frozen=True)
class Fixed:
    """Features that are one matrix, (t, d)."""

    phi: np.ndarray

    @property
    def width(self) -> int:
        return self.phi.shape[1]

    def of(self, texts=slice(None)) -> np.ndarray:
        return self.phi[texts]


def candidates(data, encoder) -> dict:
    """Features by name. Joint encoding puts prompt and response into one string."""
    made = embed_texts(data.texts, encoder, cache_folder())
    root = np.float32(np.sqrt(made.responses.shape[1]))
    prompt, response = made.prompts[made.prompt_of], made.responses[made.response_of]
    both = (data.texts["prompt"].astype("str") + "\n" + data.texts["response"]).tolist()
    joint = root * cached_vectors(both, encoder, cache_folder())
    product = root * root * (prompt - made.prompt_mean) * response
    named = {"response": root * response, "product": product, "joint": joint}
    named |= {f"response + {p:g} product": np.hstack([root * response, p * product]) for p in (0.3, 0.5, 1.0, 2.0)}
    named["joint + response"] = np.hstack([joint, root * response])
    named["joint + response + 0.3 product"] = np.hstack([joint, root * response, 0.3 * product])
    return {name: Fixed(phi.astype(np.float32)) for name, phi in named.items()}


def judge(data, features: Features | Fixed, hidden: int = 0) -> tuple[float, float]:
    """Validation log loss and accuracy of the global head on the reference countries."""
    shape = HeadShape(features.width, hidden)
    theta = train_global(data, features, shape, "reference")
    reference = np.isin(data.pairs["country"].to_numpy(), data.card.reference)
    rows = np.flatnonzero(reference & (data.split_of_pairs() == VALIDATION))
    rewards = shape.rewards(theta, torch.from_numpy(features.of(slice(None))))[0].numpy()
    margin = rewards[data.pairs["chosen"].to_numpy()[rows]] - rewards[data.pairs["rejected"].to_numpy()[rows]]
    return float(np.logaddexp(0, -margin).mean()), float((margin > 0).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-file", help="GlobalOpinionQA as csv or jsonl")
    file = parser.parse_args().data_file
    configs = [DataConfig(demo_world=PRISM_SIZED)] + ([DataConfig("globalopinionqa", (file,))] if file else [])
    encoder = load_encoder("minilm")
    print(f"chosen: response + {features_module.PRODUCT:g} product")
    for config in configs:
        data = sources.load(config)
        print(f"\n{data.card.title}\n| features | log loss | accuracy |\n|---|---|---|")
        made = candidates(data, encoder)
        for name, features in made.items():
            loss, accuracy = judge(data, features)
            print(f"| {name} | {loss:.3f} | {100 * accuracy:.1f} |")
        for hidden in (16, 64):
            loss, accuracy = judge(data, made["response + 0.3 product"], hidden)
            print(f"| response + 0.3 product, MLP of {hidden} | {loss:.3f} | {100 * accuracy:.1f} |")


if __name__ == "__main__":
    main()

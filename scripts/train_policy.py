"""Example: train a small policy on a steered reward model with TRL's GRPO, and see whose opinions it then has.

    python -m scpo export RUN --country Mexico --out reward
    python scripts/train_policy.py --policy Qwen/Qwen2.5-0.5B-Instruct --reward reward \
        --answers answers.jsonl --country Mexico --out policy

The policy answers the survey's training questions, the reward model judges the answers. Before and after, on the
questions of the test split: 1 - Jensen-Shannon distance between the policy's probabilities of the options and the
country's answers (GlobalOpinionQA, CC BY-NC-SA 4.0). docs/finetuning.md says how to read the two numbers.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import GRPOConfig, GRPOTrainer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scpo.config import DataConfig  # noqa: E402
from scpo.data.globalopinionqa import opinions  # noqa: E402
from scpo.errors import ScpoError, SourceMissing  # noqa: E402
from scpo.hub import model_folder  # noqa: E402
from scpo.metrics.alignment import opinion_alignment  # noqa: E402
from scpo.training.finetune.loading import load_model, load_tokenizer  # noqa: E402
from scpo.training.finetune.scoring import in_weights_precision  # noqa: E402


@torch.no_grad()
def option_probabilities(policy, tokenizer, question: str, options: list[str]) -> np.ndarray:
    """Probabilities (options,) that the policy gives each answer to a question: softmax of their log-likelihoods."""
    turn = [{"role": "user", "content": question}]
    start = tokenizer.apply_chat_template(turn, add_generation_prompt=True, tokenize=False)
    before = tokenizer(start, add_special_tokens=False)["input_ids"]
    scores = []
    for option in options:
        answer = tokenizer(option, add_special_tokens=False)["input_ids"]
        ids = torch.tensor([before + answer], device=policy.device)
        logits = policy(ids).logits[0, len(before) - 1 : -1].float().log_softmax(-1)
        scores.append(logits.gather(1, ids[0, len(before) :, None]).sum())
    return torch.stack(scores).softmax(0).cpu().double().numpy()


def alignment(policy, tokenizer, table: pd.DataFrame) -> float:
    """Mean opinion alignment over the questions of a table (question, options, shares)."""
    policy.eval()
    rows = table.to_dict("records")
    with in_weights_precision(policy):  # after training in bf16 as before it
        found = [
            opinion_alignment(option_probabilities(policy, tokenizer, r["question"], r["options"]), r["shares"])
            for r in rows
        ]
    return float(np.mean(found))


def grpo_settings(out: Path, steps: int, lr: float) -> GRPOConfig:
    """Settings of a short GRPO: four answers to each question, of at most 16 tokens, held near the first policy."""
    return GRPOConfig(
        str(out),
        max_steps=steps,
        learning_rate=lr,
        per_device_train_batch_size=4,
        num_generations=4,
        max_completion_length=16,
        beta=0.05,
        report_to=[],
        save_strategy="no",
        logging_steps=1,
        seed=0,
        use_cpu=not torch.cuda.is_available(),
        bf16=torch.cuda.is_available(),
        gradient_checkpointing=False,
        disable_tqdm=True,
    )


def train(policy_name: str, reward: Path, table: pd.DataFrame, out: Path, steps: int, lr: float) -> dict:
    """Alignment before and after GRPO on a country's questions; the policy is saved to out.

    table  rows of `opinions` of one country, train and test
    """
    folder = model_folder(policy_name)
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    policy = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, trust_remote_code=False)
    judge_tokenizer = load_tokenizer(reward)
    judge = load_model(reward, judge_tokenizer)
    train_part, test = (table[table["split"] == part] for part in ("train", "test"))
    if not len(train_part) or not len(test):
        raise SourceMissing("the country has no training or no test questions; bring more answers, or another country.")
    before = alignment(policy, tokenizer, test)
    prompts = [{"prompt": [{"role": "user", "content": question}]} for question in train_part["question"]]
    trainer = GRPOTrainer(
        model=policy,
        reward_funcs=judge,
        reward_processing_classes=judge_tokenizer,
        processing_class=tokenizer,
        train_dataset=Dataset.from_list(prompts),
        args=grpo_settings(out, steps, lr),
    )
    trainer.train()
    after = alignment(trainer.model, tokenizer, test)
    trainer.save_model(str(out))
    rewards = [entry["reward"] for entry in trainer.state.log_history if "reward" in entry]
    return {
        "questions": len(test),
        "alignment_before": before,
        "alignment_after": after,
        "reward_first": rewards[0],
        "reward_last": rewards[-1],
        "steps": steps,
    }


def main(argv: list[str] | None = None) -> int:
    """The command; prints the two numbers as json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--policy", required=True, help="causal language model with a chat template: name or folder")
    parser.add_argument("--reward", required=True, type=Path, help="folder that `python -m scpo export` wrote")
    parser.add_argument("--answers", required=True, help="GlobalOpinionQA rows, as `--data-file` takes them")
    parser.add_argument("--country", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--lr", type=float, default=1e-5)
    args = parser.parse_args(argv)
    try:
        table = opinions(DataConfig("globalopinionqa", (args.answers,)))
        mine = table[table["country"] == args.country]
        print(
            json.dumps(
                {"country": args.country, **train(args.policy, args.reward, mine, args.out, args.steps, args.lr)}
            )
        )
    except ScpoError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())

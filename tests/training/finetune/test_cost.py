"""What a model will take, told from its files: the sizes are those that transformers itself reads there."""

import json

import pytest
from models import tiny_model, tiny_tokenizer
from transformers import AutoConfig, BartConfig, DistilBertConfig, DistilBertForSequenceClassification
from transformers.models.auto.modeling_auto import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES as KINDS

from scpo import runs
from scpo.errors import SourceMissing
from scpo.finetune_cost import model_of
from scpo.training.experiment import run


def folder_of(config, folder):
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config.to_dict() | {"num_labels": 1}, default=str))
    return folder


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_that_transformers_classifies_with_is_measured_or_left_out(kind, tmp_path):
    config = AutoConfig.for_model(kind)
    model, told = model_of(folder_of(config, tmp_path / "model")), config.get_text_config()
    if model is None:
        without = [
            name
            for name in ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size")
            if not isinstance(getattr(told, name, None), int)
        ]
        assert without or kind in ("funnel", "t5gemma2"), "it has sizes of its own kind"
        return
    assert model.hidden == told.hidden_size and model.embedding == told.vocab_size * told.hidden_size
    assert model.attention == told.num_attention_heads and model.layers >= told.num_hidden_layers


def test_a_decoder_counts_beside_its_encoder(tmp_path):
    config = BartConfig(encoder_layers=3, decoder_layers=4)
    assert model_of(folder_of(config, tmp_path / "bart")).layers == 7


def test_parameters_are_those_of_the_weights(tmp_path):
    model = tiny_model(tmp_path / "bert")
    from transformers import AutoModelForSequenceClassification

    whole = AutoModelForSequenceClassification.from_pretrained(model)
    assert model_of(model).parameters == whole.num_parameters() and model_of(model).head


def test_adapters_are_measured_by_their_base_and_left_out_without_it(tmp_path):
    base, adapters = tiny_model(tmp_path / "bert"), tmp_path / "adapters"
    adapters.mkdir()
    for name, sizes in ((str(base), model_of(base)), ("nobody/no-such-model", None)):
        (adapters / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": name}))
        assert model_of(adapters) == sizes


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_a_folder_without_a_model_is_told(tmp_path, content):
    if content:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(SourceMissing, match="no readable config.json.*local folder"):
        model_of(tmp_path)


@pytest.mark.filterwarnings("ignore:.*deprecated.*:FutureWarning")
@pytest.mark.parametrize("known", [True, False])
def test_a_model_is_trained_with_and_without_an_estimate(known, files, tmp_path, monkeypatch):
    from models import SPECIAL, WORDS, settings

    from scpo import finetune_cost

    sizes = {"dim": 16, "n_layers": 1, "n_heads": 2, "hidden_dim": 32, "vocab_size": len(SPECIAL) + len(WORDS)}
    folder = tmp_path / "distilbert"
    DistilBertForSequenceClassification(
        DistilBertConfig(**sizes, max_position_embeddings=64, num_labels=1)
    ).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    assert model_of(folder).hidden == 16 and model_of(folder).layers == 1
    if not known:
        monkeypatch.setattr(finetune_cost, "model_of", lambda folder: None)
    result = run(settings(files, folder, methods=("global", "full"), steps=2), tmp_path / "out")
    assert runs.is_done(result.folder) and result.tables["accuracy"]["accuracy"].notna().any()

"""What a run of whole models lists: a model that stayed as it started has no folder, whatever stands in the gap."""

import json

import numpy as np
import pandas as pd
import safetensors.numpy

from scpo import runs
from scpo.training.finetune.listing import listed, model_places


def test_models_that_stayed_as_they_started_have_no_folder_beside_some_that_have(tmp_path):
    table = pd.DataFrame({"country": ["Chile", "Mexico"]}).assign(folder=["models/0000", None], hash=["ab", None])
    about = {"start": "global", "start_hash": "cd", "models": table.to_dict("records")}
    content = safetensors.numpy.save({"global": np.zeros(1)}, metadata={"about": json.dumps(about)})
    (tmp_path / runs.MODELS).write_bytes(content)
    for name in ("global", "models/0000"):
        (tmp_path / name).mkdir(parents=True)
    assert [(row["folder"], row["hash"]) for row in listed(tmp_path)["models"]] == [("models/0000", "ab"), (None, None)]
    assert model_places(tmp_path) == [tmp_path / "models" / "0000", tmp_path / "global"]
    (tmp_path / "global").rmdir()
    assert model_places(tmp_path) == [tmp_path / "models" / "0000"]

"""What several tests of jobs start from."""

import pytest

from scpo.config import DataConfig, ExperimentConfig

from fakes import scored_rows


@pytest.fixture(scope="module")
def config(tmp_path_factory, tiny_encoder):
    """A run of a second on a file of 60 users."""
    path = tmp_path_factory.mktemp("data") / "rows.csv"
    scored_rows(60).to_csv(path, index=False)
    data = DataConfig("file", (str(path),), test_share=0.3)
    return ExperimentConfig(data, methods=("full",), seeds=1, steps=5, budgets=(10,), encoder=str(tiny_encoder))

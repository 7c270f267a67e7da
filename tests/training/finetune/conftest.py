"""One finished run of fine-tuned tiny models, for all tests of what is done with such a run."""

import pytest
from models import COUNTRIES, prism_files, settings, tiny_model

from scpo.training.experiment import run


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    return prism_files(tmp_path_factory.mktemp("prism"), users=90, countries=COUNTRIES)


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    return tiny_model(tmp_path_factory.mktemp("deberta"), "deberta")


@pytest.fixture(scope="session")
def result(files, model, tmp_path_factory):
    """A run of full and scpo with one seed on two countries."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCPO_WORKSPACE", str(tmp_path_factory.mktemp("finetuned-space")))
        return run(settings(files, model), tmp_path_factory.mktemp("run") / "out")

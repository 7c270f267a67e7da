"""One finished run of fine-tuned tiny models, for all tests of what is done with such a run."""

import pytest
from models import COUNTRIES, prism_files, settings, tiny_model

from scpo import runs
from scpo.training.experiment import run


@pytest.fixture(scope="session")
def files(shared):
    folder = shared("prism", lambda folder: prism_files(folder, users=90, countries=COUNTRIES))
    return [str(path) for path in sorted(folder.iterdir())]


@pytest.fixture(scope="session")
def model(shared):
    return shared("deberta", lambda folder: tiny_model(folder, "deberta"))


@pytest.fixture(scope="session")
def result(files, model, shared):
    """A run of full and scpo with one seed on two countries."""

    def make(folder):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SCPO_WORKSPACE", str(folder / "space"))
            run(settings(files, model), folder / "out")

    return runs.read(shared("finetuned", make) / "out")

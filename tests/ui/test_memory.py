"""What keeps the app's memory level while it is looked at for hours; tests/tools/soak.py measures it."""

import gc
from pathlib import Path

import pyarrow
from streamlit.testing.v1 import AppTest

import scpo.ui  # noqa: F401

APP = Path(__file__).parents[2] / "app.py"


def test_arrow_allocates_where_all_threads_share():
    assert pyarrow.default_memory_pool().backend_name == "system"


def test_what_is_loaded_is_left_out_by_the_collector_from_the_first_page_on():
    gc.unfreeze()
    AppTest.from_file(APP, default_timeout=300).run()
    frozen = gc.get_freeze_count()
    assert frozen > 10_000
    AppTest.from_file(APP, default_timeout=300).run()
    assert gc.get_freeze_count() <= frozen, "once: what later pages leave behind is looked at"

"""What keeps the app's memory level while it is looked at for hours; scripts/soak.py measures it."""

import pyarrow

import scpo.ui  # noqa: F401


def test_arrow_allocates_where_all_threads_share():
    """Each look at a page is a thread of its own, and Arrow's usual allocator keeps memory of those that ended."""
    assert pyarrow.default_memory_pool().backend_name == "system"

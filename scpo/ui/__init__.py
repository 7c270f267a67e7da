"""What the pages are drawn with: charts, caches and state of the app."""

import pyarrow

# Every look at a page is a thread of its own, and Arrow's usual allocator keeps memory of those that have ended: an app
# that is looked at for hours grows with it (tests/tools/soak.py measures that).
pyarrow.set_memory_pool(pyarrow.system_memory_pool())

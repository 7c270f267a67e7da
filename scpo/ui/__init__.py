"""What the pages are drawn with: charts, caches and state of the app."""

import pyarrow

# Every look at a page is a thread of its own, and Arrow's usual allocator keeps memory of those that have ended: with it,
# an app that is looked at for hours grows (scripts/soak.py measures it).
pyarrow.set_memory_pool(pyarrow.system_memory_pool())

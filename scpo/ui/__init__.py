"""What the pages are drawn with: charts, caches and state of the app."""

import pyarrow

# Every look at a page is a thread of its own, and Arrow's usual allocator keeps memory of each that has ended: with
# it, the app grew by a tenth in an hour of visits (scripts/soak.py).
pyarrow.set_memory_pool(pyarrow.system_memory_pool())

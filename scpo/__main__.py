"""`python -m scpo`."""

import sys

from scpo.cli import main

sys.exit(main())

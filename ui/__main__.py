"""`python -m ui` is the command too."""

import sys

from ui.cli import main

sys.exit(main())

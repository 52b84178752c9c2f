"""`python -m app` is `supersee`."""

import sys

from app.cli import main

sys.exit(main())

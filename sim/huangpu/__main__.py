"""`python -m huangpu` is `huangpu`."""

import sys

from huangpu.cli import main

sys.exit(main())

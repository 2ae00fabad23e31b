"""`python -m dotlocal`: the same as the installed command."""

import sys

from dotlocal.cli import main

sys.exit(main(sys.argv[1:]))

# Boot path: no typing, dataclasses, enum, re, json or argparse at run time.
"""`device boot` for units: `python3 -I -S …/dotlocal/device/bare.py`, with no site's own start-up and no launcher.

A file to be run, not to be imported.
"""

import gc
import sys

if __name__ == "__main__":
    gc.disable()  # of a heap that lives for some milliseconds
    sys.path.append(__file__.rpartition("/dotlocal/")[0])
    from dotlocal.device.boot import run

    run(sys.argv[1:])
    sys.stderr.write(f"dotlocal: error: `device boot` has no such words: {' '.join(sys.argv[1:])} (usage)\n")
    sys.exit(2)

# Boot path: no typing, dataclasses, enum, re, json or argparse at run time.
"""`python3 -I -S …/dotlocal/device/bare.py boot|watch|serve`, as units start them: with nothing of a site's own, and no
launcher. A file to be run, not to be imported.

Beside the standard library it finds what is installed in the same place as this package.
"""

import gc
import sys

if __name__ == "__main__":
    gc.disable()  # a boot's heap lives for some milliseconds, and those that stay switch it on again
    sys.path.append(__file__.rpartition("/")[0])
    import preload  # type: ignore[import-not-found]  # beside this file, where the import system finds it at once

    sys.modules["dotlocal.device.preload"] = preload
    sys.path[-1] = __file__.rpartition("/dotlocal/")[0]
    if None in (sys.stdin, sys.stdout, sys.stderr):
        from dotlocal.host.streams import start_over

        start_over()
    word = sys.argv[1] if sys.argv[1:] else ""
    try:
        if word == "boot":
            preload.load(preload.BOOT)
            from dotlocal.device.boot import run

            run(sys.argv[2:])
        elif word == "watch":
            from dotlocal.device.watch.watcher import run

            gc.enable()
            run(sys.argv[2:])
        elif word == "serve":
            preload.load(preload.SERVE_FIRST)
            from dotlocal.device.serve.command import run

            run(sys.argv[2:])
    except Exception as refused:  # while all that was being imported: an exception of ours has a code
        if getattr(refused, "code", "") != "libcrypto-missing":
            raise
        sys.stderr.write(f"dotlocal: error: {refused}\ndotlocal: hint: {refused.hint}\n")  # type: ignore[attr-defined]
        sys.exit(2)
    said = " ".join(sys.argv[1:])
    sys.stderr.write(f"dotlocal: error: units say boot, watch or serve and its options, and not {said!r} (usage)\n")
    sys.stderr.write("dotlocal: hint: `dotlocal device boot --help` and its like tell the options\n")
    sys.exit(2)

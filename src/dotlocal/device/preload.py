# Boot path: no typing, dataclasses, enum, re or json at run time.
"""Modules that will be imported in any case, put in place before anybody asks for them (ADR 0028).

The import system takes as long to find two dozen modules as these take to run. `load` does what it would do with
compiled files that are still their sources' (PEP 552), and leaves the rest to it from the first that isn't so.
"""

import marshal
import posix
import sys

# Each after all that it imports itself; a package has a stroke at its end. A service that has a boot beside it begins
# that first, and imports the rest beside it.
BOOT = (
    "", "device/", "core/", "core/errors", "core/findings", "core/names", "core/window", "core/der", "core/subtrees",
    "core/template", "device/settings", "host/", "host/paths", "host/environment", "host/ffi", "host/clock",
    "device/time", "device/surroundings", "device/plan", "device/status", "host/files", "host/libcrypto", "host/keys",
    "device/store", "host/entropy", "device/boot",
)  # fmt: skip
SERVE_FIRST = (
    "", "device/", "core/", "core/errors", "device/serve/", "host/", "host/paths", "host/environment",
    "device/serve/command", "device/serve/boot_beside",
)  # fmt: skip
SERVE = (
    "host/tls", "device/serve/acme_tls", "device/serve/notices", "device/serve/back_end", "device/serve/limits",
    "device/serve/listener", "host/privileges", "device/serve/endpoint", "device/serve/relay", "device/serve/crowd",
    "device/serve/tls", "device/serve/terminator", "device/serve/service",
)  # fmt: skip

_BY_TIME, _UNCHECKED = bytes(4), b"\1\0\0\0"  # PEP 552: the source's time and size follow; nothing is to be compared
_HEAD = 16


def load(paths: "tuple[str, ...]") -> None:
    """Import modules of this package, those that are there already excepted."""
    if sys.flags.optimize or sys.pycache_prefix:
        return  # the compiled files are elsewhere
    top, ending = __file__.rpartition("/device/")[0], f".{sys.implementation.cache_tag}.pyc"
    for path in paths:
        name = f"dotlocal/{path}".removesuffix("/").replace("/", ".")
        if name in sys.modules:
            continue
        folder, _, word = f"{top}/{path}".rpartition("/")
        word = word or "__init__"
        compiled = _compiled(f"{folder}/__pycache__/{word}{ending}", f"{folder}/{word}.py")
        if not compiled:
            return
        parent, _, child = name.rpartition(".")
        module = sys.modules[name] = type(sys)(name)
        module.__file__, module.__package__ = f"{folder}/{word}.py", parent
        if word == "__init__":
            module.__package__, module.__path__ = name, [folder]
        try:
            exec(marshal.loads(compiled), module.__dict__)  # noqa: S102, S302  as the import system would
        except Exception:  # for whoever imports it to hear: `keys` goes on without a libcrypto
            del sys.modules[name]
            return
        if parent:
            setattr(sys.modules[parent], child, module)


def _compiled(path: str, source: str) -> "memoryview | None":
    """The code of a compiled file, None where it isn't that of this source or this Python."""
    try:
        opened = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
        try:
            data = posix.read(opened, posix.fstat(opened).st_size)
        finally:
            posix.close(opened)
        found = posix.stat(source)
    except OSError:
        return None
    magic = sys.modules["_frozen_importlib_external"].MAGIC_NUMBER
    marks = (int(found.st_mtime) & 0xFFFFFFFF).to_bytes(4, "little") + (found.st_size & 0xFFFFFFFF).to_bytes(
        4, "little"
    )
    if data[:_HEAD] == magic + _BY_TIME + marks or data[:8] == magic + _UNCHECKED:
        return memoryview(data)[_HEAD:]
    return None

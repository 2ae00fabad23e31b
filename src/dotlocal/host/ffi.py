# Boot path: no typing, dataclasses, enum, re or json at run time.
"""Calling C, by the part of `ctypes` that is written in C: importing the package around it would be a fourteenth of a
whole boot. The names are those of `ctypes` and mean the same; a Python without `_ctypes` gets them from there.
"""

__all__ = [
    "CDLL",
    "POINTER",
    "addressof",
    "byref",
    "c_char_p",
    "c_int",
    "c_size_t",
    "c_uint",
    "c_ulonglong",
    "c_void_p",
    "create_string_buffer",
]  # fmt: skip

TYPE_CHECKING = False
if not TYPE_CHECKING:
    try:
        from _ctypes import FUNCFLAG_CDECL, POINTER, CFuncPtr, _SimpleCData, addressof, byref, dlopen
    except ImportError:
        TYPE_CHECKING = True  # what type checkers see is what everybody else gets

if TYPE_CHECKING:
    from ctypes import (
        CDLL,
        POINTER,
        addressof,
        byref,
        c_char_p,
        c_int,
        c_size_t,
        c_uint,
        c_ulonglong,
        c_void_p,
        create_string_buffer,
    )
else:

    class c_int(_SimpleCData):  # noqa: N801
        """A C int."""

        _type_ = "i"

    class c_uint(_SimpleCData):  # noqa: N801
        """A C unsigned int."""

        _type_ = "I"

    class c_ulonglong(_SimpleCData):  # noqa: N801
        """A C unsigned long long: uint64_t wherever Linux runs."""

        _type_ = "Q"

    class c_size_t(_SimpleCData):  # noqa: N801
        """A C size_t, as long as a long wherever Linux runs."""

        _type_ = "L"

    class c_void_p(_SimpleCData):  # noqa: N801
        """A C pointer, as an int or None."""

        _type_ = "P"

    class c_char_p(_SimpleCData):  # noqa: N801
        """A C string, as bytes or None."""

        _type_ = "z"

    class _Octet(_SimpleCData):
        _type_ = "c"

    class _Function(CFuncPtr):
        _flags_ = FUNCFLAG_CDECL
        _restype_ = c_int

    class CDLL:
        """A loaded library, or the process itself for None; its functions are attributes. Raises OSError."""

        def __init__(self, name):
            self._handle = dlopen(name, 0)

        def __getattr__(self, name):
            return _Function((name, self))

    def create_string_buffer(init, size=None):
        """Octets that C may write to: so many, or those given."""
        buffer = (_Octet * (init if isinstance(init, int) else size or len(init) + 1))()
        if isinstance(init, bytes):
            buffer[: len(init)] = init
        return buffer

"""Whether a window can be opened here. Qt ends the process where it cannot; a plain message is better."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import SuperseeError

_INSTEAD = "Use `supersee render` for the same comparison without a window."


@contextmanager
def checked_display() -> Iterator[None]:
    """Raises SuperseeError where Qt would find no display, or not the libraries to talk to it.

    Make the QApplication inside: the connection that was tried is held open meanwhile, since an X server without
    other clients starts afresh when its last one leaves, and refuses those that come while it does.
    """
    elsewhere = os.environ.get("QT_QPA_PLATFORM") or os.environ.get("WAYLAND_DISPLAY")
    if elsewhere or not sys.platform.startswith("linux"):
        yield
        return
    if not os.environ.get("DISPLAY"):
        why = "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)"
        raise SuperseeError("No window can be opened", why, _INSTEAD)
    try:
        ctypes.CDLL("libxcb-cursor.so.0")
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError as error:
        do = "Install it (Debian: apt install libxcb-cursor0), or run `supersee doctor`."
        raise SuperseeError("No window can be opened", str(error), do) from error
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    for call in (xcb.xcb_connection_has_error, xcb.xcb_disconnect):
        call.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    try:
        if xcb.xcb_connection_has_error(connection):
            why = f"the display {os.environ['DISPLAY']} does not answer"
            raise SuperseeError("No window can be opened", why, _INSTEAD)
        yield
    finally:
        xcb.xcb_disconnect(connection)

"""Whether a window can be opened here. Qt ends the process where it cannot; a plain message is better."""

from __future__ import annotations

import ctypes
import os
import sys

from app.errors import SuperseeError

_INSTEAD = "Use `supersee render` for the same comparison without a window."


def check_display() -> None:
    """Raises SuperseeError where Qt would find no display, or not the libraries to talk to it."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return
    if os.environ.get("WAYLAND_DISPLAY"):
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
    if not _answers(xcb):
        why = f"the display {os.environ['DISPLAY']} does not answer"
        raise SuperseeError("No window can be opened", why, _INSTEAD)


def _answers(xcb: ctypes.CDLL) -> bool:
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    for call in (xcb.xcb_connection_has_error, xcb.xcb_disconnect):
        call.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    try:
        return xcb.xcb_connection_has_error(connection) == 0
    finally:
        xcb.xcb_disconnect(connection)

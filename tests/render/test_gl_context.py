"""The context without a window: current while it is wanted, and nothing of it stays in the thread."""

from __future__ import annotations

import ctypes
import sys

import pytest

from app.errors import SuperseeError
from app.render.gl_context import headless_context


@pytest.fixture
def current():
    """EGL's word for the context that is current in this thread; None where there is none."""
    if not sys.platform.startswith("linux"):
        pytest.skip("other platforms have no EGL")
    asked = ctypes.CDLL("libEGL.so.1").eglGetCurrentContext
    asked.restype = ctypes.c_void_p
    return asked


def test_context_is_current_inside_and_the_thread_has_none_afterwards(current) -> None:
    with headless_context() as context:
        assert current() is not None
        assert context.version_code >= 430
    assert current() is None


def test_nothing_stays_current_where_the_context_is_refused(current, monkeypatch) -> None:
    monkeypatch.setattr("app.render.gl_context.REQUIRED_VERSION", 990)
    with pytest.raises(SuperseeError, match="too old"), headless_context():
        pass
    assert current() is None


def test_nothing_stays_current_after_an_error_inside(current) -> None:
    with pytest.raises(RuntimeError, match="inside"), headless_context():
        raise RuntimeError("inside")
    assert current() is None

"""One headless GL context for the whole run, asserted to be what we think it is."""

from __future__ import annotations

from collections.abc import Iterator

import moderngl
import pytest

from app.render.gl_context import free_dropped


@pytest.fixture(scope="session")
def gl_session() -> Iterator[moderngl.Context]:
    from app.render.gl_context import create_headless_context

    context = create_headless_context()
    yield context
    context.release()


@pytest.fixture
def gl(gl_session: moderngl.Context) -> Iterator[moderngl.Context]:
    """The shared context, current, with no error left behind by the test."""
    gl_session.__enter__()
    yield gl_session
    free_dropped(gl_session)
    error = gl_session.error
    gl_session.__exit__(None, None, None)
    assert error == "GL_NO_ERROR", error

"""One headless GL context for the whole run, asserted to be what we think it is."""

from __future__ import annotations

from collections.abc import Iterator

import moderngl
import pytest

from app.render.gl_context import free_dropped
from tests.inference.recorded_cuda import RecordedCuda

_NO_GPU = "needs an NVIDIA GPU with its driver"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    from app.commands.doctor import nvidia_driver

    if not nvidia_driver():
        for item in items:
            if item.get_closest_marker("gpu"):
                item.add_marker(pytest.mark.skip(reason=_NO_GPU))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    count = sum(_NO_GPU in str(report.longrepr) for report in skipped)
    others = len(skipped) - count
    terminalreporter.write_line(f"gpu tests skipped: {count} (no NVIDIA GPU), other tests skipped: {others}")
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            if name == "engine":
                terminalreporter.write_line(f"engine built: {value}")


@pytest.fixture(scope="session")
def gl_session() -> Iterator[moderngl.Context]:
    from app.render.gl_context import headless_context

    with headless_context() as context:
        yield context


@pytest.fixture
def gl(gl_session: moderngl.Context) -> Iterator[moderngl.Context]:
    """The shared context, current, with no error left behind by the test."""
    gl_session.__enter__()
    yield gl_session
    free_dropped(gl_session)
    error = gl_session.error
    gl_session.__exit__(None, None, None)
    assert error == "GL_NO_ERROR", error


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordedCuda]:
    """CUDA's stand-in in the place of its library; nothing that it handed out may be left."""
    recorded = RecordedCuda()
    monkeypatch.setattr("app.inference.cuda_runtime.load_api", lambda: recorded)
    yield recorded
    assert not recorded.alive, f"left behind: {recorded.alive}"

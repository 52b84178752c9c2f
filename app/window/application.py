"""Starting Qt, in the order that lets the window paint first and load afterwards."""

from __future__ import annotations

import builtins
import logging

from app.window import Options
from app.window.display import checked_display

log = logging.getLogger(__name__)


def start(options: Options) -> int:
    """Runs the viewer; the exit status. Raises SuperseeError without a display or without good enough OpenGL."""
    application = make_application()
    from app.window.main_window import MainWindow

    window = MainWindow(options)
    if options.full_screen:
        window.commands.toggle_full_screen()
    else:
        window.show()
    status = application.exec()
    window.close()
    if window.failure is not None:
        raise window.failure
    return status


def make_application():
    """The one QApplication, with the default surface format set before it; raises SuperseeError without a display."""
    plain_import = builtins.__import__
    from PySide6.QtGui import QSurfaceFormat
    from PySide6.QtWidgets import QApplication

    # PySide's own import reads the source of every module imported after it, for a feature switch that nothing here
    # uses: a tenth of the start-up, and OpenVINO has hundreds of modules.
    builtins.__import__ = plain_import

    existing = QApplication.instance()
    if existing is not None:
        return existing
    surface = QSurfaceFormat()
    surface.setVersion(4, 3)
    surface.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
    surface.setSwapInterval(1)
    surface.setDepthBufferSize(0)
    QSurfaceFormat.setDefaultFormat(surface)
    with checked_display():
        application = QApplication(["supersee"])
    application.setApplicationName("Supersee")
    application.setDesktopFileName("supersee")
    from app.window.style import apply_style

    apply_style(application)
    return application


"""The look of the widgets around the picture: dark and quiet, the colours of app/present/theme.py."""

from __future__ import annotations

from app.paths import ASSETS

STYLE = """
* { font-family: "Inter"; font-size: 9.5pt; color: #E6E9ED; }
QMainWindow, QDockWidget, QWidget#dock, QScrollArea, QDialog, QMessageBox { background: #121418; }
QDockWidget::title { background: #121418; padding: 6px 12px; color: #A7AEB8; }
QDockWidget { titlebar-close-icon: none; border: 0; }
QMainWindow::separator { background: #0C0D10; width: 3px; }
QLabel { background: transparent; }
QLabel#heading { color: #7FD1FF; font-weight: 600; padding-top: 5px; }
QLabel#status, QLabel#value { color: #A7AEB8; }
QLabel#warning { color: #FFC15E; }
QComboBox, QPushButton, QDoubleSpinBox {
    background: #1D2026; border: 1px solid #2C3038; border-radius: 4px; padding: 3px 8px; min-height: 17px;
}
QComboBox:hover, QPushButton:hover { border-color: #4A515D; background: #23272E; }
QComboBox:focus, QPushButton:focus { border-color: #7FD1FF; }
QPushButton:pressed { background: #15181D; }
QPushButton:checked { background: #24384A; border-color: #7FD1FF; }
QComboBox::drop-down { border: 0; width: 20px; }
QComboBox::down-arrow { width: 0; height: 0; border-left: 4px solid #121418; border-right: 4px solid #121418;
    border-top: 5px solid #A7AEB8; margin-right: 8px; }
QComboBox QAbstractItemView { background: #1D2026; border: 1px solid #2C3038; selection-background-color: #2B4256; }
QSlider::groove:horizontal { background: #2C3038; height: 4px; border-radius: 2px; }
QSlider::sub-page:horizontal { background: #4C8FB8; border-radius: 2px; }
QSlider::handle:horizontal { background: #E6E9ED; width: 14px; height: 14px; margin: -5px 0; border-radius: 7px; }
QScrollBar:vertical { background: transparent; width: 8px; }
QScrollBar::handle:vertical { background: #343942; border-radius: 4px; min-height: 30px; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page { background: none; height: 0; }
QWidget#player { background: #121418; border-top: 1px solid #1F232A; }
QWidget#player QLabel#frame { font-family: "JetBrains Mono"; font-size: 9.5pt; color: #E6E9ED; }
QWidget#player QPushButton { padding: 3px 9px; }
QPushButton:disabled, QComboBox:disabled { color: #5C636E; border-color: #22262D; background: #16191E; }
QToolTip { background: #1D2026; border: 1px solid #2C3038; }
QFrame#banner { background: #2A1D12; border: 1px solid #8A5A24; border-radius: 6px; }
QFrame#banner QLabel#what { font-weight: 600; font-size: 11pt; color: #FFD9A0; }
"""


def apply_style(application) -> None:
    """Fusion with a dark palette, so that what the style sheet does not name is dark too; our own type."""
    from PySide6.QtGui import QColor, QFontDatabase, QPalette

    for name in ("Inter-Regular.ttf", "Inter-SemiBold.ttf", "JetBrainsMono-Regular.ttf"):
        QFontDatabase.addApplicationFont(str(ASSETS / "fonts" / name))
    application.setStyle("Fusion")
    palette = QPalette()
    for role, colour in (
        (QPalette.ColorRole.Window, 0x121418),
        (QPalette.ColorRole.WindowText, 0xE6E9ED),
        (QPalette.ColorRole.Base, 0x1D2026),
        (QPalette.ColorRole.AlternateBase, 0x17191E),
        (QPalette.ColorRole.Text, 0xE6E9ED),
        (QPalette.ColorRole.Button, 0x1D2026),
        (QPalette.ColorRole.ButtonText, 0xE6E9ED),
        (QPalette.ColorRole.Highlight, 0x2B4256),
        (QPalette.ColorRole.HighlightedText, 0xFFFFFF),
        (QPalette.ColorRole.ToolTipBase, 0x1D2026),
        (QPalette.ColorRole.ToolTipText, 0xE6E9ED),
        (QPalette.ColorRole.PlaceholderText, 0x737A85),
    ):
        palette.setColor(role, QColor(colour))
    application.setPalette(palette)
    application.setStyleSheet(STYLE)

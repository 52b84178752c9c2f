"""The controls of a recording, at the foot of the window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSignalBlocker, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QHideEvent, QIcon, QPainter, QPixmap, QPolygonF, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.measure.quality import QUALITY
from app.present.player import ENDS, SPEEDS
from app.present.presenter import Presenter
from app.present.scores import METRICS
from app.present.strip import strip_content
from app.window.rig import Rig
from app.window.timeline_strip import TimelineStrip

_REFRESH_MS = 100
_ICON = 14
_SPACING = 5
_FIXED_WIDTH = 390
"""Pixels: the transport buttons, the frame's number and time, the margins."""


class PlayerBar(QWidget):
    """Shows the presenter's player and calls it; hidden where a live scene is shown."""

    def __init__(self, presenter: Presenter, rig: Rig, seek_worst: Callable[[], None]) -> None:
        super().__init__()
        self.setObjectName("player")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._presenter = presenter
        self._rig = rig
        self._strip_of: tuple | None = None
        self.strip = TimelineStrip(lambda: presenter.player)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 6)
        column.setSpacing(2)
        column.addWidget(self.strip)
        row = QHBoxLayout()
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(_SPACING)
        column.addLayout(row)
        self._transport(row)
        row.addStretch(1)
        self._choices(row, seek_worst)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._timer = QTimer(self)
        self._timer.setInterval(_REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        self.hide()

    def _transport(self, row: QHBoxLayout) -> None:
        self._icons = {name: _icon(name) for name in ("first", "back", "play", "pause", "next", "last")}
        self.first = self._button("first", "To the start (Home)", self._presenter.restart)
        self.back = self._button("back", "One frame back (,)", lambda: self._presenter.step_time(-1))
        self.play = self._button("play", "Play and pause (Space)", self._presenter.toggle_pause)
        self.next = self._button("next", "One frame on (.)", lambda: self._presenter.step_time(1))
        self.last = self._button("last", "To the end (End)", lambda: self._play("seek_last"))
        for button in (self.first, self.back, self.play, self.next, self.last):
            row.addWidget(button)
        self.where = QLabel()
        self.where.setObjectName("frame")
        row.addSpacing(8)
        row.addWidget(self.where)

    def _choices(self, row: QHBoxLayout, seek_worst: Callable[[], None]) -> None:
        self.mark_in = self._text("In", "Playing starts at this frame (I)", lambda: self._play("mark_first"))
        self.mark_out = self._text("Out", "Playing ends at this frame (Shift+I)", lambda: self._play("mark_last"))
        self.unmark = self._text("All", "All frames again (Ctrl+I)", lambda: self._play("clear_marks"))
        self.ends = self._combo([each.capitalize() for each in ENDS], "What happens at the end (Ctrl+L)")
        self.ends.activated.connect(lambda at: self._play("set_ends", ENDS[at]))
        self.speed = self._combo([f"{each:g}×" for each in SPEEDS], "Speed (- and =): every frame is shown")
        self.speed.activated.connect(lambda at: self._play("set_speed", SPEEDS[at]))
        self.figure = self._combo([QUALITY[each].label for each in METRICS], "What the curves show")
        self.figure.activated.connect(self._set_metric)
        self.worst = self._text("Worst", "The worst frame of the selected pane (A)", seek_worst)
        self.measure = self._text("Measure all", "Play all frames once to measure them (Ctrl+M)", self._toggle_scan)
        self.measure.setCheckable(True)
        marks = self.mark_in, self.mark_out, self.unmark
        for widget in (*marks, self.ends, self.speed, self.figure, self.worst, self.measure):
            row.addWidget(widget)
        # Where there is no room the keys still do it; what comes first here goes first.
        self._optional = (marks, (self.figure,), (self.worst, self.measure), (self.speed,), (self.ends,))

    # What is shown

    def refresh(self) -> None:
        """Brings everything up to the player's state; what has not changed is not painted again."""
        player, comparison, scorer = self._presenter.player, self._rig.comparison, self._rig.scorer
        if player is None or comparison is None or comparison.recorded is None:
            return
        index = player.heading
        text = f"{index + 1} / {player.frames}   {player.clock(index)}"
        if self.where.text() != text:
            self.where.setText(text)
        paused = self._presenter.state.paused and not player.scanning
        icon = self._icons["play" if paused else "pause"]
        if self.play.icon().cacheKey() != icon.cacheKey():
            self.play.setIcon(icon)
        for combo, at in (
            (self.ends, ENDS.index(player.ends)),
            (self.speed, SPEEDS.index(player.speed)),
            (self.figure, METRICS.index(scorer.metric) if scorer is not None else 0),
        ):
            with QSignalBlocker(combo):
                combo.setCurrentIndex(at)
        self.unmark.setEnabled(player.marked)
        self.measure.setChecked(player.scanning)
        measures = comparison.recorded.has_reference
        for widget in (self.figure, self.worst, self.measure):
            widget.setEnabled(measures)
        looks = (
            index, player.index, player.first, player.last, player.scanning, player.ends, player.backwards,
            comparison.leading, comparison.previews, comparison.shown, comparison.display_size,
            len(comparison.recorded.lost), scorer.scores.changes if scorer else 0, scorer.metric if scorer else "",
            scorer.note if scorer else "", id(comparison),
        )  # fmt: skip
        if looks != self._strip_of:
            self._strip_of = looks
            self.strip.show_content(strip_content(player, comparison, scorer))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._timer.start()
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = self.width() - _FIXED_WIDTH
        for group in reversed(self._optional):
            needs = sum(widget.sizeHint().width() + _SPACING for widget in group)
            room -= needs
            for widget in group:
                widget.setVisible(room >= 0)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    # What is done

    def _play(self, what: str, *arguments: object) -> None:
        self._presenter.playing(what, *arguments)
        self.refresh()

    def _toggle_scan(self) -> None:
        self._play("toggle_scan")

    def _set_metric(self, at: int) -> None:
        if self._rig.scorer is not None:
            self._rig.scorer.metric = METRICS[at]
            self._presenter.changed()
            self.refresh()

    # Building

    def _button(self, icon: str, tip: str, pressed: Callable[[], None]) -> QPushButton:
        button = self._text("", tip, pressed)
        button.setIcon(self._icons[icon])
        button.setIconSize(QSize(_ICON, _ICON))
        button.setFixedWidth(38 if icon == "play" else 32)
        return button

    def _text(self, text: str, tip: str, pressed: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(lambda _checked=False: pressed())
        return button

    def _combo(self, items: list[str], tip: str) -> QComboBox:
        combo = QComboBox()
        combo.addItems(items)
        combo.setToolTip(tip)
        combo.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        return combo


def _icon(name: str) -> QIcon:
    """A player's signs, drawn: fonts have them in all shapes and sizes."""
    scale = 4
    pixmap = QPixmap(_ICON * scale, _ICON * scale)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(scale * _ICON / 14.0, scale * _ICON / 14.0)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0xE6, 0xE9, 0xED))
    if name in ("first", "back"):  # the others' mirror images
        painter.translate(14.0, 0.0)
        painter.scale(-1.0, 1.0)
    bars = {"pause": (3.0, 8.2), "next": (2.5,), "back": (2.5,), "last": (10.6,), "first": (10.6,)}.get(name, ())
    for x in bars:
        painter.drawRect(QRectF(x, 2.0, 2.6 if name == "pause" else 1.9, 10.0))
    left, right = {"play": (3.2, 12.0), "next": (5.9, 12.0), "back": (5.9, 12.0)}.get(name, (2.4, 9.8))
    if name != "pause":
        painter.drawPolygon(QPolygonF([QPointF(left, 2.0), QPointF(right, 7.0), QPointF(left, 12.0)]))
    painter.end()
    return QIcon(pixmap)

"""The strip with the play head: curves above, the track below; the mouse scrubs, jumps and moves the marks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.measure.quality import QUALITY
from app.present import theme
from app.present.ink import Colour
from app.present.player import Player
from app.present.strip import StripContent, lost_words, thinned, value_range

_LEFT, _RIGHT = 46.0, 14.0
_HEAD, _PLOT, _TRACK = 19.0, 58.0, 22.0
_GRIP = 7.0
"""Pixels on each side of a mark that take hold of it."""
_LOST = 0xE5604D


def colour(of: Colour, opacity: float = 1.0) -> QColor:
    return QColor.fromRgbF(of[0], of[1], of[2], of[3] * opacity)


class TimelineStrip(QWidget):
    """Shows a StripContent and tells the player what the mouse wants. Frames count from 1 in words."""

    def __init__(self, player: Callable[[], Player | None]) -> None:
        super().__init__()
        self._player = player
        self.content = StripContent(1, 0, 0, 0)
        self._hovered: int | None = None
        self._dragged = ""  # "head", "first" or "last"
        self.setMouseTracking(True)
        self.setFixedHeight(round(_HEAD + _PLOT + _TRACK))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_content(self, content: StripContent) -> None:
        self.content = content
        curves = bool(content.curves)
        height = round(_HEAD + (_PLOT if curves else 0.0) + _TRACK)
        if self.height() != height:
            self.setFixedHeight(height)
        self.update()

    def x_of(self, index: float) -> float:
        return _LEFT + index / max(self.content.frames - 1, 1) * (self.width() - _LEFT - _RIGHT)

    def index_at(self, x: float) -> int:
        part = (x - _LEFT) / max(self.width() - _LEFT - _RIGHT, 1.0)
        return min(max(round(part * (self.content.frames - 1)), 0), self.content.frames - 1)

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        player = self._player()
        if player is None or event.button() != Qt.MouseButton.LeftButton:
            return
        self._dragged = self._mark_at(event.position()) or "head"
        self._drag(player, event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        player = self._player()
        self._hovered = self.index_at(event.position().x())
        if player is not None and self._dragged:
            self._drag(player, event.position().x())
        over_mark = self._dragged in ("first", "last") or self._mark_at(event.position())
        self.setCursor(Qt.CursorShape.SizeHorCursor if over_mark else Qt.CursorShape.ArrowCursor)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        player, dragged, self._dragged = self._player(), self._dragged, ""
        if player is not None and dragged == "head":
            player.release()

    def leaveEvent(self, event: object) -> None:
        self._hovered = None
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        player = self._player()
        if player is not None and event.angleDelta().y():
            player.seek(player.index + (-1 if event.angleDelta().y() > 0 else 1))
        event.accept()

    def _drag(self, player: Player, x: float) -> None:
        index = self.index_at(x)
        if self._dragged == "first":
            player.set_marks(min(index, player.last), player.last)
        elif self._dragged == "last":
            player.set_marks(player.first, max(index, player.first))
        else:
            player.scrub(index)

    def _mark_at(self, point: QPointF) -> str:
        """The mark under the pointer: only on the track, and only where marks are set."""
        content = self.content
        if point.y() < self.height() - _TRACK or (content.first, content.last) == (0, content.frames - 1):
            return ""
        for name, index, side in (("first", content.first, -1.0), ("last", content.last, 1.0)):
            if abs(point.x() - (self.x_of(index) + side * _GRIP)) <= _GRIP:
                return name
        return ""

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plot = QRectF(_LEFT, _HEAD, self.width() - _LEFT - _RIGHT, self.height() - _HEAD - _TRACK)
        self._paint_head(painter)
        if self.content.curves:
            self._paint_curves(painter, plot)
        self._paint_track(painter)
        self._paint_play_head(painter)
        painter.end()

    def _font(self, bold: bool = False) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(8.5)
        font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
        return font

    def _paint_head(self, painter: QPainter) -> None:
        """The figures of the frame under the pointer, else of the one on show."""
        content = self.content
        hovers = self._hovered is not None and not self._dragged
        index = self._hovered if hovers and self._hovered is not None else content.index
        if content.curves:
            figure = QUALITY[content.metric]
            parts = [(figure.heading, theme.DIM), *content.readout(index)]
        else:
            parts = [(content.note, theme.FAINT), *(content.readout(index) if index in content.lost else [])]
        parts = [*([(f"frame {index + 1}", theme.TEXT)] if hovers else []), *parts]
        if index not in content.lost:
            parts.append((lost_words(content), theme.WARNING))
        x, right = _LEFT, self.width() - _RIGHT
        font = self._font(bold=True)
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        if content.doing:
            right -= metrics.horizontalAdvance(content.doing)
            painter.setPen(colour(theme.ACCENT))
            painter.drawText(QPointF(right, _HEAD - 6.0), content.doing)
            right -= 18.0
        for text, ink in parts:
            room = right - x
            if text and room > 20.0:
                text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
                painter.setPen(colour(ink))
                painter.drawText(QPointF(x, _HEAD - 6.0), text)
                x += metrics.horizontalAdvance(text) + 18.0

    def _paint_curves(self, painter: QPainter, plot: QRectF) -> None:
        content = self.content
        painter.fillRect(plot, QColor(255, 255, 255, 9))
        low, high, ticks = value_range(content)
        inner = plot.adjusted(0.0, 4.0, 0.0, -4.0)

        def y_of(value: float) -> float:
            return inner.bottom() - (value - low) / max(high - low, 1e-9) * inner.height()

        painter.setFont(self._font())
        for tick in ticks:
            y = round(y_of(tick)) + 0.5
            painter.setPen(QPen(QColor(255, 255, 255, 22), 1.0))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(colour(theme.FAINT))
            place = QRectF(0.0, y - 8.0, _LEFT - 7.0, 16.0)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{tick:g}")
        for curve in content.curves:
            positions, values = thinned(curve.values, max(int(plot.width()), 2), content.metric)
            there = np.isfinite(values)
            for run in _runs(there):
                points = [QPointF(self.x_of(positions[i]), y_of(float(values[i]))) for i in run]
                painter.setPen(QPen(colour(curve.colour, 0.95), 1.8))
                if len(points) == 1:
                    painter.setBrush(colour(curve.colour))
                    painter.drawEllipse(points[0], 1.1, 1.1)
                else:
                    painter.setBrush(Qt.BrushStyle.NoBrush)
                    painter.drawPolyline(QPolygonF(points))
        self._shade_outside(painter, plot)
        x = self.x_of(content.index)
        painter.setPen(QPen(QColor(255, 255, 255, 150), 1.0))
        painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom() + 6.0))
        for curve in content.curves:
            value = float(curve.values[content.index])
            if np.isfinite(value):
                painter.setPen(QPen(QColor(0x12, 0x14, 0x18), 1.5))
                painter.setBrush(colour(curve.colour))
                painter.drawEllipse(QPointF(x, y_of(value)), 4.0, 4.0)
        if self._hovered is not None:
            x = self.x_of(self._hovered)
            painter.setPen(QPen(QColor(255, 255, 255, 60), 1.0))
            painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))

    def _shade_outside(self, painter: QPainter, area: QRectF) -> None:
        """What playing leaves out."""
        content, dark = self.content, QColor(0x12, 0x14, 0x18, 175)
        if content.first > 0:
            x = self.x_of(content.first)
            painter.fillRect(QRectF(area.left(), area.top(), x - area.left(), area.height()), dark)
        if content.last < content.frames - 1:
            x = self.x_of(content.last)
            painter.fillRect(QRectF(x, area.top(), area.right() - x, area.height()), dark)

    def _paint_track(self, painter: QPainter) -> None:
        content = self.content
        y = self.height() - 0.5 * _TRACK
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0x2C, 0x30, 0x38))
        painter.drawRoundedRect(QRectF(_LEFT, y - 2.0, self.width() - _LEFT - _RIGHT, 4.0), 2.0, 2.0)
        first, last = self.x_of(content.first), self.x_of(content.last)
        painter.setBrush(QColor(0x3A, 0x5F, 0x78))
        painter.drawRoundedRect(QRectF(first, y - 2.0, last - first, 4.0), 2.0, 2.0)
        head = min(max(self.x_of(content.index), first), last)
        painter.setBrush(QColor(0x4C, 0x8F, 0xB8))
        painter.drawRoundedRect(QRectF(first, y - 2.0, head - first, 4.0), 2.0, 2.0)
        painter.setBrush(QColor(_LOST))
        for index in content.lost:
            painter.drawRect(QRectF(self.x_of(index) - 1.5, y - 6.0, 3.0, 12.0))
        if (content.first, content.last) != (0, content.frames - 1):
            self._paint_bracket(painter, first, y, -1.0)
            self._paint_bracket(painter, last, y, 1.0)

    def _paint_bracket(self, painter: QPainter, x: float, y: float, side: float) -> None:
        painter.setPen(QPen(colour(theme.ACCENT), 2.0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        corners = ((side, -8.0), (side * 5.0, -8.0), (side * 5.0, 8.0), (side, 8.0))
        painter.drawPolyline(QPolygonF([QPointF(x + right, y + down) for right, down in corners]))

    def _paint_play_head(self, painter: QPainter) -> None:
        centre = QPointF(self.x_of(self.content.index), self.height() - 0.5 * _TRACK)
        painter.setPen(QPen(QColor(0x12, 0x14, 0x18), 1.5))
        painter.setBrush(QColor(0xE6, 0xE9, 0xED))
        painter.drawEllipse(centre, 7.0, 7.0)
        if self.content.leading is not None:  # it fills up while the frame's history is played
            done, of = self.content.leading
            painter.setPen(QPen(colour(theme.ACCENT), 2.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            box = QRectF(centre.x() - 7.0, centre.y() - 7.0, 14.0, 14.0)
            painter.drawArc(box, 90 * 16, -round(360 * 16 * done / max(of, 1)))


def _runs(there: np.ndarray) -> list[range]:
    """Stretches of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], there.astype(np.int8), [0]])))
    return [range(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2])]

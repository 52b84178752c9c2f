"""What the window does with a recording beyond showing its frames: the timeline at its foot, and the self-test."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout

from app.present.player import Player
from app.present.presenter import Presenter
from app.sequence.source import FrameSource
from app.window.rig import Rig

if TYPE_CHECKING:
    from app.window.player_bar import PlayerBar
    from app.window.self_test import SelfTestPanel


class PlayerDesk:
    """Its methods are what keys do; where a live scene is shown, they say that there is no recording."""

    def __init__(
        self,
        presenter: Presenter,
        rig: Rig,
        say: Callable[[str], None],
        replace: Callable[[FrameSource], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """`replace` puts another source in the recording's place, `failed` shows an error."""
        self._presenter = presenter
        self._rig = rig
        self._say = say
        self._replace = replace
        self._failed = failed
        self._bar_wanted = True
        self.bar: PlayerBar | None = None
        self.self_test: SelfTestPanel | None = None

    def build(self, column: QVBoxLayout) -> SelfTestPanel:
        """Makes the widgets, once the first paint is done: the bar at the foot of `column`, and what the dock holds."""
        from app.window.player_bar import PlayerBar
        from app.window.self_test import SelfTestPanel

        self.bar = PlayerBar(self._presenter, self._rig, self.seek_worst)
        column.addWidget(self.bar)
        self.self_test = SelfTestPanel(self._replace, self._failed, lambda: self._presenter.state.ratio)
        return self.self_test

    def scene_changed(self) -> None:
        """Another scene is on show, or the same one in a new context."""
        self._show_bar()
        recorded = self._rig.comparison.recorded if self._rig.comparison is not None else None
        if self.self_test is not None:
            self.self_test.turn_to(self._presenter.state.scene if recorded is None else recorded.recording)

    def frame_done(self) -> None:
        if self.bar is not None and self.bar.isVisible():
            self.bar.refresh()

    def close(self) -> None:
        """Before the window goes."""
        if self.self_test is not None:
            self.self_test.close_down()

    # Keys

    def play(self, what: str) -> None:
        """Does `what` of the player."""
        if self._player() is not None:
            self._presenter.playing(what)

    def seek_worst(self) -> None:
        """To the worst frame of the selected pane's method that is measured."""
        from app.present.strip import worst_frame

        player, comparison, state = self._player(), self._rig.comparison, self._presenter.state
        if player is None or comparison is None:
            return
        index = worst_frame(player, comparison, self._rig.scorer, state.methods[state.selected])
        if index is None:
            self._say("No frame is measured yet: play, or measure all (Ctrl+M)")
        else:
            state.paused = True
            player.seek(index)

    def test_conventions(self) -> None:
        """Starts the self-test of what is on show, or calls it off."""
        if self.self_test is not None:
            self.self_test.toggle()

    def toggle_bar(self) -> None:
        if self._player() is not None:
            self._bar_wanted = not self._bar_wanted
            self._show_bar()

    def end_scan(self) -> bool:
        """Whether there was one to end."""
        player = self._presenter.player
        scanned = player is not None and player.scanning
        if player is not None:
            player.end_scan()
        return scanned

    def _show_bar(self) -> None:
        if self.bar is not None:
            self.bar.setVisible(self._bar_wanted and self._presenter.player is not None)

    def _player(self) -> Player | None:
        if self._presenter.player is None:
            self._say("Only recordings have a timeline: open one with Ctrl+Shift+O")
        return self._presenter.player

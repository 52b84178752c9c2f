"""The play head: order of frames, marks, ends, speed, jumps and the scan."""

from __future__ import annotations

import pytest

from app.present.player import ENDS, SPEEDS, Player


def played(player: Player, count: int) -> list[int | None]:
    seen: list[int | None] = []
    for _ in range(count):
        index = player.advance()
        seen.append(index)
        if index is None:
            break
        player.index = index
    return seen


def test_loop_goes_round_between_the_marks() -> None:
    player = Player(10, 30.0)
    assert played(player, 11) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    player.set_marks(4, 6)
    player.index = 4
    assert played(player, 5) == [5, 6, 4, 5, 6]


def test_ping_pong_turns_at_the_marks_and_shows_each_end_once() -> None:
    player = Player(10, 30.0)
    player.set_ends("ping-pong")
    player.set_marks(2, 4)
    player.index = 2
    assert played(player, 7) == [3, 4, 3, 2, 3, 4, 3]
    assert player.backwards
    player.set_ends("loop")
    assert played(player, 2) == [4, 2]


@pytest.mark.parametrize(("start", "expected"), [(0, [1, 2, 3, 4, 3, 2, 3]), (8, [7, 6, 5, 4, 3, 2, 3])])
def test_ping_pong_from_outside_comes_inside(start: int, expected: list[int]) -> None:
    player = Player(10, 30.0)
    player.set_ends("ping-pong")
    player.set_marks(2, 4)
    player.index = start
    assert played(player, 7) == expected


def test_loop_from_outside_comes_inside() -> None:
    player = Player(6, 30.0)
    player.set_marks(1, 2)
    player.index = 4
    assert played(player, 4) == [5, 1, 2, 1]


def test_once_ends_and_starts_again_when_asked_to_play() -> None:
    player = Player(4, 30.0)
    player.set_ends("once")
    assert played(player, 9) == [1, 2, 3, None]
    player.play_again()
    assert player.take_wanted() == (0, False)


def test_one_frame_loops_on_itself_and_ping_pongs_nowhere() -> None:
    for ends in ENDS:
        player = Player(1, 30.0)
        player.set_ends(ends)
        assert played(player, 2) == ([None] if ends == "once" else [0, 0])
        assert player.stepped(1) is None


def test_marks_follow_each_other() -> None:
    player = Player(10, 30.0)
    assert not player.marked
    player.index = 6
    player.mark_last()
    player.index = 8
    player.mark_first()
    assert (player.first, player.last) == (8, 8)
    player.index = 3
    player.mark_last()
    assert (player.first, player.last) == (3, 3)
    player.set_marks(7, 2)
    assert (player.first, player.last) == (2, 7)
    player.clear_marks()
    assert not player.marked


def test_dragging_previews_and_letting_go_asks_for_history() -> None:
    player = Player(10, 30.0)
    player.scrub(0)
    assert player.take_wanted() is None  # it is there already
    player.scrub(4)
    player.scrub(5)
    assert player.take_wanted() == (5, True)
    player.index = 5
    player.scrub(5)
    assert player.take_wanted() is None
    player.release()
    assert player.take_wanted() == (5, False)
    player.release()
    assert player.take_wanted() is None


def test_jumps_and_steps_stay_inside() -> None:
    player = Player(10, 30.0)
    player.seek(99)
    assert player.take_wanted() == (9, False)
    assert player.stepped(-3) is None
    assert player.stepped(1) == 1
    player.index = 9
    assert player.stepped(5) is None


def test_speeds_stop_at_the_ends() -> None:
    player = Player(10, 30.0)
    for _ in SPEEDS:
        player.faster()
    assert player.speed == SPEEDS[-1]
    for _ in SPEEDS:
        player.slower()
    assert player.speed == SPEEDS[0]


def test_scan_plays_all_between_the_marks_once_and_goes_back() -> None:
    player = Player(10, 30.0)
    player.set_ends("ping-pong")
    player.set_marks(3, 5)
    player.index = 8
    player.toggle_scan()
    assert player.take_wanted() == (3, False)
    player.index = 3
    assert played(player, 9) == [4, 5, None]
    player.end_scan()
    assert player.take_wanted() == (8, False)
    assert not player.scanning
    player.index = 8
    player.toggle_scan()
    assert player.take_wanted() == (3, False)
    player.index = 3
    player.toggle_scan()  # called off
    assert player.take_wanted() == (8, False)


def test_times_and_changes_are_told() -> None:
    told: list[int] = []
    player = Player(5000, 24.0, lambda: told.append(1))
    assert player.clock(0) == "0:00.00"
    assert player.clock(37) == "0:01.54"
    assert player.clock(24 * 75) == "1:15.00"
    player.seek(3)
    player.mark_first()
    player.next_ends()
    assert len(told) == 3

"""Settings come back as they were, and a bad file costs a sentence, not the start."""

from __future__ import annotations

import json

import pytest

from app.present.settings import load_settings, save_settings
from app.present.state import ViewerState


def test_settings_come_back(tmp_path) -> None:
    path = tmp_path / "deep" / "viewer.json"
    state = ViewerState(scene="garden", methods=["taau", "neural"], selected=1, ratio=1.7, display=(960, 540))
    state.exposure_steps, state.overlay, state.paused = -3, False, True
    assert save_settings(state, path) == ""
    restored, note = load_settings(path)
    assert note == ""
    assert restored.paused is False  # a restart plays
    assert restored.saved() == state.saved()


def test_no_file_means_defaults_without_a_word(tmp_path) -> None:
    assert load_settings(tmp_path / "none.json") == (ViewerState(), "")


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        json.dumps({"version": 99, "viewer": {}}),
        json.dumps({"version": 1, "viewer": {"ratio": 9.0}}),
        json.dumps({"version": 1, "viewer": {"ratio": "2"}}),
        json.dumps({"version": 1, "viewer": {"methods": ["magic"]}}),
        json.dumps({"version": 1, "viewer": {"methods": []}}),
        json.dumps({"version": 1, "viewer": {"display": [0, 5]}}),
        json.dumps({"version": 1, "viewer": {"display": 7}}),
        json.dumps({"version": 1, "viewer": {"unknown": 1}}),
        json.dumps({"version": 1, "viewer": {"selected": 3}}),
        "\0" * 100_000,
    ],
)
def test_bad_file_gives_defaults_a_sentence_and_is_kept(tmp_path, text: str) -> None:
    path = tmp_path / "viewer.json"
    path.write_text(text)
    state, note = load_settings(path)
    assert state == ViewerState()
    assert "defaults" in note
    assert (tmp_path / "viewer.bad.json").read_text() == text


def test_folder_that_takes_no_files_is_said(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    assert "not saved" in save_settings(ViewerState(), tmp_path / "file" / "viewer.json")

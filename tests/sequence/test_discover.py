from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.errors import SuperseeError
from app.sequence.discover import IMPORTERS, importer_for, open_sequence
from app.sequence.folder import files_of
from app.sequence.numbered import numbered_files
from tests.sequence.recordings import exr, write_recording


def test_every_importer_is_there() -> None:
    import importlib

    for importer in IMPORTERS:
        module = importlib.import_module(importer.module)
        assert callable(module.matches)
        assert callable(getattr(module, importer.name))


def test_a_description_beside_the_frames_wins(tmp_path: Path) -> None:
    folder = write_recording(tmp_path / "shot")
    assert importer_for(folder).title == "Blender, with camera"
    assert importer_for(folder / "lr").title == "Blender layers"
    assert open_sequence(folder, 3.0).display_size == (48, 36)


def test_what_is_no_recording_is_said_with_what_it_holds(tmp_path: Path) -> None:
    with pytest.raises(SuperseeError, match="There is no recording"):
        importer_for(tmp_path / "nothing")
    with pytest.raises(SuperseeError, match="the folder is empty"):
        importer_for(tmp_path)
    (tmp_path / "readme.txt").write_text("hello")
    with pytest.raises(SuperseeError, match=r"it holds readme\.txt.*Unreal Movie Render Queue"):
        importer_for(tmp_path)
    with pytest.raises(SuperseeError, match=r"ends in \.txt"):
        importer_for(tmp_path / "readme.txt")


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(SuperseeError, match=r"Permission denied.*permissions"):
        importer_for(tmp_path)
    with pytest.raises(SuperseeError, match="Permission denied"):
        files_of(tmp_path, (".exr",))


def test_a_damaged_first_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "0001.exr").write_bytes(b"not an image")
    with pytest.raises(SuperseeError, match=r"0001\.exr cannot be read"):
        open_sequence(tmp_path)
    exr(tmp_path / "0001.exr", {"R": np.zeros((8, 8), np.float16)})
    whole = (tmp_path / "0001.exr").read_bytes()
    (tmp_path / "0001.exr").write_bytes(whole[:100])
    with pytest.raises(SuperseeError, match=r"0001\.exr"):
        open_sequence(tmp_path)


def test_an_exr_without_colour_lists_its_channels(tmp_path: Path) -> None:
    exr(tmp_path / "0001.exr", {"Y": np.zeros((8, 8), np.float16)})
    with pytest.raises(SuperseeError, match=r"no R, G and B: its channels are Y\. docs/importing\.md"):
        open_sequence(tmp_path)


def named(folder: Path, *names: str) -> list[Path]:
    return [folder / name for name in names]


def test_files_are_ordered_by_number_and_others_are_told(tmp_path: Path) -> None:
    files = numbered_files(tmp_path, named(tmp_path, "a.9.exr", "a.10.exr", "a.11.exr", "thumb.1.exr"))
    assert [path.name for path in files.paths] == ["a.9.exr", "a.10.exr", "a.11.exr"]
    assert files.others == ("thumb.1.exr",)
    assert not files.missing


def test_gaps_are_kept_and_named_in_the_files_own_style(tmp_path: Path) -> None:
    files = numbered_files(tmp_path, named(tmp_path, "0001.exr", "0002.exr", "0005.exr"))
    assert [path.name for path in files.missing] == ["0003.exr", "0004.exr"]
    assert len(files.paths) == 5
    assert files.notes == ("Missing frames: 0003.exr, 0004.exr.",)


def test_a_stray_number_is_refused_rather_than_filled_up(tmp_path: Path) -> None:
    with pytest.raises(SuperseeError, match=r"0001\.exr to 99999999\.exr.*stray"):
        numbered_files(tmp_path, named(tmp_path, "0001.exr", "0002.exr", "99999999.exr"))
    with pytest.raises(SuperseeError, match="no numbered frames"):
        numbered_files(tmp_path, named(tmp_path, "final.exr"))

"""A small data set without a renderer, and settings that train on it in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import torch

from models.data.clip import save_clip
from models.data.index import ClipEntry, DataIndex, write_index
from tests.models.synthetic import synthetic_clip

FRAMES = 6


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Pictures of tests are too small to be shared between cores; beside other work two threads wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    index = DataIndex(seed=1, reference_samples=16, scenes=(), held_out=())
    for number, split in enumerate(("train", "train", "test")):
        clip = synthetic_clip(number, frames=FRAMES, display=(96, 64))
        entry = ClipEntry(f"{number:05d}", split, "synthetic", "slow", number, 2.0, (48, 32), (96, 64), FRAMES, -2.0)
        save_clip(clip, folder / entry.file)
        index.clips.append(entry)
    write_index(index, folder)
    return folder


@pytest.fixture
def config_text(clip_folder: Path) -> str:
    return f"""
schema = 1
name = "tiny"
[network]
widths = [8, 8, 8]
blocks = [0, 0, 0]
up_blocks = [0, 0]
[data]
folders = ["{clip_folder.as_posix()}"]
ratio_weights = {{ "2.0" = 1.0 }}
[[stages]]
iterations = 24
batch = 2
display_crop = 32
frames = 4
window = 2
[optimiser]
learning_rate = 2e-2
warm_up = 4
"""

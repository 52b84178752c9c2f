from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app.errors import SuperseeError
from models.data.crops import Batch
from models.train.checkpoint import load_checkpoint
from models.train.config import StageConfig
from models.train.loop import LATEST, Trainer
from models.train.parallel import Ranks
from models.train.prefetch import Prefetch

ROOT = Path(__file__).parents[2]
TOLERANCE = 5e-6
"""Of weights after four steps of 1e-2 at most: sums in another order, and Adam divides by small numbers."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_two_processes_take_the_step_of_one(config_text: str, tmp_path: Path) -> None:
    """What torchrun does: the same command twice, with its variables. The global batch is the same."""
    text = config_text.replace("iterations = 24", "iterations = 4").replace("2e-2", "1e-2")
    config = tmp_path / "config.toml"
    config.write_text("held_out_clips = 0\n" + text)
    port = str(_free_port())
    command = [sys.executable, "-m", "models", "train", "--config", str(config), "--run", str(tmp_path / "two")]
    processes = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            env={
                **os.environ, "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2",
                "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port,
            },
        )
        for rank in (0, 1)
    ]  # fmt: skip
    try:
        assert [process.wait(timeout=120) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
    Trainer(config.read_text(), tmp_path / "one").train()
    one, two = (load_checkpoint(tmp_path / run / LATEST) for run in ("one", "two"))
    start = Trainer(config.read_text(), tmp_path / "none").network.state_dict()
    moved = max(float((one.network[name] - value).abs().max()) for name, value in start.items())
    apart = max(float((one.network[name] - value).abs().max()) for name, value in two.network.items())
    assert moved > 100 * TOLERANCE
    assert apart < TOLERANCE


def test_a_batch_that_cannot_be_shared_is_refused(config_text: str, tmp_path: Path) -> None:
    with pytest.raises(SuperseeError, match="2 crops for 3 processes"):
        Trainer(config_text, tmp_path / "run", ranks=Ranks(0, 3))


def test_shares_cover_the_batch() -> None:
    items = list(range(6))
    assert [items[Ranks(rank, 3).share(6)] for rank in range(3)] == [[0, 1], [2, 3], [4, 5]]


@pytest.mark.parametrize("threads", [1, 3])
def test_batches_come_in_order_however_many_threads_read(threads: int) -> None:
    stage = StageConfig(iterations=1, batch=1, display_crop=8, frames=1, window=1)

    def load(episode: int, stage: StageConfig) -> Batch:
        return episode  # type: ignore[return-value]

    prefetch = Prefetch(load, ((episode, stage) for episode in range(7)), threads)
    assert [prefetch.next()[0] for _ in range(7)] == list(range(7))
    prefetch.close()


def test_what_reading_raises_reaches_training() -> None:
    stage = StageConfig(iterations=1, batch=1, display_crop=8, frames=1, window=1)

    def load(episode: int, stage: StageConfig) -> Batch:
        raise SuperseeError("The clip is gone", "", "")

    with pytest.raises(SuperseeError, match="gone"):
        Prefetch(load, iter([(0, stage)]), 1).next()

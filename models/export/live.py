"""The live link's writing side: a running training leaves its newest network where the app finds it.

`app/inference/live_run.py` describes the files. A reader may open a network at any moment: a folder appears whole and
never changes, the pointer is replaced in one step, and what was newest a minute ago is still there.
"""

from __future__ import annotations

import json
import logging
import shutil
import time
from pathlib import Path

from torch import nn

from app.inference.live_run import LIVE_FOLDER, POINTER, SCHEMA_VERSION
from models.network.save import save_network
from models.network.unet import TemporalUNet

log = logging.getLogger(__name__)

_KEPT = 3
_KEPT_SECONDS = 60.0
"""A reader compiles what the pointer named for seconds at most; until then nothing is taken from under it."""


def write_live(network: nn.Module, run: Path, name: str, iteration: int) -> Path | None:
    """Writes `network` (the averaged weights) as the newest of `run`; its folder, or None where the app's temporal path
    does not run this kind of network, which the pointer then says, or nothing could be written: training goes on."""
    try:
        if not isinstance(network, TemporalUNet):
            (run / LIVE_FOLDER).mkdir(parents=True, exist_ok=True)
            _point(run / LIVE_FOLDER, {"unplayable": f"{name} is a {type(network).__name__}"})
            return None
        return _write(network, run / LIVE_FOLDER, name, iteration)
    except OSError as error:
        log.warning("the live network of %s was not written: %s", run, error)
        return None


def _write(network: TemporalUNet, live: Path, name: str, iteration: int) -> Path:
    live.mkdir(parents=True, exist_ok=True)
    written = _written(live)
    folder = live / f"{int(written[-1].name) + 1 if written else 1:06d}"
    part = live / f"{folder.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    save_network(network, part, name)
    part.replace(folder)
    _point(live, {"name": name, "iteration": iteration, "written": time.time(), "folder": folder.name})
    _prune([*written, folder])
    return folder


def _point(live: Path, what: dict[str, object]) -> None:
    new = live / f"{POINTER}.part"
    new.write_text(json.dumps({"schema": SCHEMA_VERSION, **what}) + "\n", encoding="utf-8")
    new.replace(live / POINTER)


def _written(live: Path) -> list[Path]:
    """The networks in `live`, oldest first."""
    return sorted(
        (path for path in live.iterdir() if path.is_dir() and path.name.isdecimal()), key=lambda p: int(p.name)
    )


def _prune(folders: list[Path]) -> None:
    for old in folders[:-_KEPT]:
        if time.time() - old.stat().st_mtime > _KEPT_SECONDS:
            shutil.rmtree(old, ignore_errors=True)

"""`python -m models train`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from app.commands.choices import writable_folder


def train_command(options: argparse.Namespace) -> None:
    from models.train.config import load_config

    writable_folder(options.run)
    load_config(options.config)  # says what is wrong with the file before torch and the data are loaded
    from models.train.loop import Trainer
    from models.train.parallel import join, leave

    ranks, device = join(options.device)
    try:
        text = options.config.read_text()
        Trainer(text, options.run, resume=options.resume, device=device, ranks=ranks).train(options.until)
    finally:
        leave()


def add_parser(commands: Any) -> None:
    train = commands.add_parser("train", help="train a network; checkpoints land in the run's folder")
    train.add_argument("--config", type=Path, required=True, help="TOML settings, for example models/configs/lite.toml")
    train.add_argument("--run", type=Path, required=True, help="folder of the run, for example models/runs/lite")
    train.add_argument("--resume", action="store_true", help="go on from the run's last checkpoint")
    train.add_argument("--until", type=int, default=None, help="stop at this iteration")
    train.add_argument("--device", default="cpu", help="cpu (default) or cuda; each process of torchrun takes its own")
    train.set_defaults(run_command=train_command)

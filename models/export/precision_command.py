"""`python -m models check-precision`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from app.errors import SuperseeError

_RATIOS = (1.5, 2.0, 3.0)


def precision_command(options: argparse.Namespace) -> None:
    from app.inference.manifest import load_network

    network = load_network(options.network)
    if options.out is not None and not options.out.absolute().parent.is_dir():
        raise SuperseeError(f"{options.out} cannot be written", "its folder is missing", "Name another file.")
    from app.render.gl_context import headless_context
    from models.evaluate.items import DATA_FOLDER
    from models.evaluate.sequences import held_out_clips
    from models.export.precision import check_precision

    folders = options.data or sorted(path.parent for path in DATA_FOLDER.glob("*/index.json"))
    with headless_context() as context:
        result = check_precision(context, network, held_out_clips(folders, _RATIOS, options.clips))
    for key, value in result.items():
        if isinstance(value, str | int | float):
            print(f"{key.replace('_', ' ')}: {value}")  # noqa: T201 (this is the command's output)
    if options.out is not None:
        options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def add_precision_parser(commands: Any) -> None:
    check = commands.add_parser("check-precision", help="an exported network in bfloat16 against float32")
    check.add_argument("--network", type=Path, required=True, help="its folder, for example models/weights/lite")
    check.add_argument("--data", type=Path, nargs="*", default=[], help="data folders (default: models/data_cache/*)")
    check.add_argument("--clips", type=int, default=1, help="of each folder, group and ratio; 0 for all (default: 1)")
    check.add_argument("--out", type=Path, help="JSON, for `export --precision`")
    check.set_defaults(run_command=precision_command)

"""`python -m models`: render-data, train, evaluate, export."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from app.errors import SuperseeError


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)


def _render_data(options: argparse.Namespace) -> None:
    from models.data.render import render_data

    index = render_data(
        options.out,
        clips=options.clips,
        frames=options.frames,
        seed=options.seed,
        samples=options.samples,
        scenes=options.scenes,
        held_out=options.held_out,
        unfiltered=options.unfiltered,
        minutes=options.minutes,
    )
    print(f"{len(index.clips)} clips in {options.out}, {index.seconds / 60:.1f} minutes of rendering")  # noqa: T201


def _train(options: argparse.Namespace) -> None:
    from models.train.config import load_config
    from models.train.loop import Trainer

    load_config(options.config)  # says what is wrong with the file before torch and the data are loaded
    Trainer(options.config.read_text(), options.run, resume=options.resume).train(options.until)


def _evaluate(options: argparse.Namespace) -> None:
    from models.evaluate.command import evaluate_command

    evaluate_command(options)


def _export(options: argparse.Namespace) -> None:
    from models.export.command import export_command

    export_command(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models", description="The lab: data, training, scores, export.")
    commands = parser.add_subparsers(dest="command", required=True)

    data = commands.add_parser("render-data", help="draw training clips with the viewer's renderer; resumes by itself")
    data.add_argument("--out", type=Path, default=Path("models/data_cache/main"), help="folder of the data set")
    data.add_argument("--clips", type=int, default=100)
    data.add_argument("--frames", type=int, default=18, help="frames a clip")
    data.add_argument("--seed", type=int, default=1)
    data.add_argument("--samples", type=int, default=16, help="samples a pixel of the reference")
    data.add_argument("--scenes", type=_names, default=(), help="built-in scenes to mix in, comma-separated")
    data.add_argument("--held-out", type=_names, default=(), help="a test-only folder of these built-in scenes")
    data.add_argument("--unfiltered", action="store_true", help="draw the low-resolution frames without mip maps")
    data.add_argument("--minutes", type=float, default=1e9, help="stop after this long; a later call goes on")
    data.set_defaults(run_command=_render_data)

    train = commands.add_parser("train", help="train a network; checkpoints land in the run's folder")
    train.add_argument("--config", type=Path, required=True, help="TOML settings, for example models/configs/lite.toml")
    train.add_argument("--run", type=Path, required=True, help="folder of the run, for example models/runs/lite")
    train.add_argument("--resume", action="store_true", help="go on from the run's last checkpoint")
    train.add_argument("--until", type=int, default=None, help="stop at this iteration")
    train.set_defaults(run_command=_train)

    score = commands.add_parser("evaluate", help="score networks and classic methods through the app's own path")
    score.add_argument("--data", type=Path, nargs="*", default=[], help="data folders whose test clips are used")
    score.add_argument("--sequences", type=Path, default=None, help="recorded sequences (default: $SUPERSEE_SEQUENCES)")
    score.add_argument("--network", type=Path, nargs="*", default=[], help="exported network folders")
    score.add_argument("--methods", type=_names, default=("bilinear", "taau"), help="classic methods")
    score.add_argument("--clips", type=int, default=0, help="use at most this many test clips a ratio (0: all)")
    score.add_argument("--out", type=Path, default=None, help="write the figures as JSON")
    score.set_defaults(run_command=_evaluate)

    export = commands.add_parser("export", help="write model.onnx, manifest.json and card.md")
    export.add_argument("--run", type=Path, required=True)
    export.add_argument("--out", type=Path, required=True, help="for example models/weights/lite")
    export.add_argument("--scores", type=Path, nargs="*", default=[], help="JSON of `evaluate` for the card's tables")
    export.set_defaults(run_command=_export)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        options.run_command(options)
    except SuperseeError as error:
        print(f"models: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        print("models: stopped", file=sys.stderr)  # noqa: T201
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m models evaluate`: every method over every held-out clip and recording."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.evaluate.items import add_item_options, held_out_items
from models.evaluate.limits_command import add_limits_parser

if TYPE_CHECKING:
    import moderngl

    from models.evaluate.checkpoints import Run
    from models.evaluate.contestants import Contestant
    from models.evaluate.spots import SpotFinder

WEIGHTS_FOLDER = Path("models/weights")


def add_parser(commands: Any) -> None:
    command = commands.add_parser("evaluate", help="score networks, checkpoints and classic methods on held-out clips")
    add = command.add_argument
    add_item_options(command, ratios=(1.5, 2.0, 3.0))
    add("--network", type=Path, nargs="*", help=f"exported networks (default: all in {WEIGHTS_FOLDER} that fit)")
    add("--run", type=Path, nargs="*", default=[], metavar="RUN", help="runs or checkpoints, played through torch")
    add("--methods", type=_names, default=None, metavar="A,B", help="classic methods (default: all)")
    add("--flip-frames", type=int, default=6, help="frames a clip of which FLIP is taken, 0 for none (default: 6)")
    add("--timed-frames", type=int, default=15, help="frames of which milliseconds are taken, 0 for none (default: 15)")
    add("--out", type=Path, help="write the figures as JSON, for `export --scores`")
    add(
        "--pictures", type=Path, metavar="DIR", help="write crops, learning curves and quality against time as pictures"
    )
    add("--docs", type=Path, metavar="DIR", help="remake a page of the documentation: tables, pictures and figures")
    command.set_defaults(run_command=evaluate_command)
    add_limits_parser(commands)


def evaluate_command(options: argparse.Namespace) -> None:
    from app.capture.provenance import busy_note, machine
    from app.render.gl_context import headless_context
    from models.evaluate.checkpoints import named_runs
    from models.evaluate.contestants import AppMethod
    from models.evaluate.evaluation import evaluate
    from models.evaluate.pictures import write_pictures
    from models.evaluate.report import as_text, write_page
    from models.evaluate.results import write_evaluation

    left_out: list[str] = []
    folders = [folder for folder in (options.pictures, options.docs) if folder]
    runs = named_runs(options.run)
    with headless_context() as context:
        items = held_out_items(options, left_out)
        contestants = _contestants(options, runs, context, left_out)
        for line in left_out:
            print(line, file=sys.stderr)  # noqa: T201
        finder = _finder(contestants) if folders else None
        result = evaluate(
            items,
            contestants,
            flip_frames=options.flip_frames,
            on_sequence=finder.add if finder else None,
            timed_frames=options.timed_frames,
        )
        result.left_out[:0] = left_out
        result.weights = {c.name: c.sha256 for c in contestants if isinstance(c, AppMethod) and c.sha256}
        result.machine = machine() | {"renderer": context.info["GL_RENDERER"], "busy": busy_note()}
        for contestant in contestants:
            contestant.release()
    print(as_text(result))  # noqa: T201
    pictures: dict[str, Path] = {}
    histories = {c.name: c.learning_curve for c in contestants if isinstance(c, AppMethod) and c.learning_curve}
    histories |= {name: checkpoint.progress.history for name, (_, checkpoint) in runs.items()}
    for folder in folders:
        assert finder is not None
        pictures = write_pictures(folder, result, finder, histories)
        for title, path in pictures.items():
            print(f"{title}: {path}")  # noqa: T201
    if options.docs:
        write_page(options.docs, result, pictures)
    if options.out:
        write_evaluation(result, options.out)
    if result.stopped:
        raise KeyboardInterrupt


def _contestants(
    options: argparse.Namespace, runs: Mapping[str, Run], context: moderngl.Context, left_out: list[str]
) -> list[Contestant]:
    """Classic methods, networks, checkpoints. A network that nobody named and that does not fit is left out; whatever
    was named must work. Names are unique: a checkpoint's says its iteration."""
    from app.errors import SuperseeError
    from models.evaluate.checkpoints import scoring_model
    from models.evaluate.contestants import CLASSIC, AppMethod, TorchModel

    made: list[Contestant] = [AppMethod(context, name) for name in options.methods or CLASSIC]
    folders = options.network
    for folder in folders if folders is not None else _exported(WEIGHTS_FOLDER):
        try:
            network = AppMethod(context, "neural", folder)
        except SuperseeError as error:
            if folders is not None:
                raise
            left_out.append(f"{folder}: {error}")
            continue
        if network.name in (other.name for other in made):
            network.name = str(folder)
        made.append(network)
    for name, (config, checkpoint) in runs.items():
        made.append(TorchModel(name, scoring_model(config, checkpoint)))
    return made


def _exported(weights: Path) -> list[Path]:
    """Folders with a network: the temporal ones, then the single-image peers."""
    from app.inference.image_manifest import IMAGE_MANIFEST_FILE
    from models.network.save import MANIFEST_FILE

    return [p.parent for name in (MANIFEST_FILE, IMAGE_MANIFEST_FILE) for p in sorted(weights.glob(f"*/{name}"))]


def _finder(contestants: list[Contestant]) -> SpotFinder:
    from models.evaluate.spots import SpotFinder
    from models.evaluate.table import YARDSTICKS

    names = [c.name for c in contestants]
    networks = [c.name for c in contestants if c.kind in ("network", "checkpoint")]
    peers = [c.name for c in contestants if c.kind in ("peer", "peer checkpoint")]
    classic = [name for name in ("bilinear", "taau") if name in names] or names[:1]
    yardstick = YARDSTICKS[0] if YARDSTICKS[0] in names else classic[-1]
    return SpotFinder([classic[0], *peers, *classic[1:], *networks[:4]], yardstick, networks, peers)


def _names(text: str) -> tuple[str, ...]:
    from app.upscale.registry import METHODS

    names = tuple(name for name in text.split(",") if name)
    if wrong := [
        name for name in names if name not in METHODS or METHODS[name].kind != "upscaler" or METHODS[name].network
    ]:
        raise argparse.ArgumentTypeError(f"no such classic method: {', '.join(wrong)}")
    return names

"""`python -m models evaluate`: every method over every held-out clip and recording."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import moderngl

from app.errors import SuperseeError
from app.upscale.registry import create_upscaler
from app.upscale.upscaler import Upscaler
from models.data.clip import ClipReader
from models.data.index import read_index
from models.evaluate.clip_player import ClipPlayer
from models.evaluate.recording import Recording
from models.evaluate.score import Playable, score
from models.evaluate.table import Row, as_json, as_text

_RECORDED_FRAMES = 25  # of each recording: network.md's figures are means of frames 5 to 24
SEQUENCES_VARIABLE = "SUPERSEE_SEQUENCES"


def _upscalers(context: moderngl.Context, methods: tuple[str, ...], networks: list[Path]) -> dict[str, Upscaler]:
    from app.inference.manifest import load_network

    made = {name: create_upscaler(name, context) for name in methods}
    for folder in networks:
        network = load_network(folder)
        name = network.name if network.name not in made else str(folder)
        made[name] = create_upscaler("neural", context, network=network)
    return made


def _clips(context: moderngl.Context, folders: list[Path], limit: int) -> Iterator[tuple[str, str, float, ClipPlayer]]:
    """(group, name, ratio, player) of every test clip, at most `limit` per folder, group and ratio."""
    for folder in folders:
        seen: dict[tuple[str, float], int] = defaultdict(int)
        index = read_index(folder)
        for entry in index.of("test"):
            group = "random scenes" if entry.scene.startswith("random:") else entry.scene
            group += ", no mip maps" * index.unfiltered
            seen[group, entry.ratio] += 1
            if limit and seen[group, entry.ratio] > limit:
                continue
            player = ClipPlayer(context, ClipReader(folder / entry.file).read())
            yield group, f"{folder.name}/{entry.name} {entry.motion}", entry.ratio, player
            player.release()


def _recordings(context: moderngl.Context, folder: Path | None) -> Iterator[tuple[str, str, float, Recording]]:
    from app.sequence.blender import BlenderSequence

    for path in sorted(folder.iterdir()) if folder and folder.is_dir() else []:
        for ratio in (2, 3):
            if (path / "meta.json").is_file() and (path / f"ref{ratio}x").is_dir():
                recording = Recording(context, BlenderSequence(path, ratio), _RECORDED_FRAMES)
                yield path.name, path.name, float(ratio), recording
                recording.release()


def evaluate_all(
    folders: list[Path],
    sequences: Path | None,
    networks: list[Path],
    methods: tuple[str, ...],
    limit: int = 0,
) -> list[Row]:
    """Raises SuperseeError where there is nothing to score, and for networks or data that cannot be read."""
    from app.render.gl_context import create_headless_context

    context = create_headless_context()
    upscalers = _upscalers(context, methods, networks)
    rows: list[Row] = []

    def add(group: str, name: str, ratio: float, played: Playable) -> None:
        for method, upscaler in upscalers.items():
            rows.append(Row(method, group, name, round(ratio, 3), score(upscaler, played)))
        figures = "  ".join(f"{r.method} {r.scores.psnr:.2f}" for r in rows[-len(upscalers) :])
        print(f"{name} {ratio:g}x  {figures}", file=sys.stderr, flush=True)  # noqa: T201 (progress)

    for item in _clips(context, folders, limit):
        add(*item)
    for item in _recordings(context, sequences):
        add(*item)
    for upscaler in upscalers.values():
        upscaler.release()
    context.release()
    if not rows:
        raise SuperseeError(
            "There is nothing to score",
            "no test clips and no recordings were given",
            f"Give --data with a rendered data set, or --sequences (or ${SEQUENCES_VARIABLE}).",
        )
    return rows


def evaluate_command(options: argparse.Namespace) -> None:
    named = os.environ.get(SEQUENCES_VARIABLE)
    sequences = options.sequences or (Path(named) if named else None)
    rows = evaluate_all(options.data, sequences, options.network, options.methods, options.clips)
    result = as_json(rows)
    print(as_text(result["means"]))  # type: ignore[arg-type] # noqa: T201
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(result, indent=1) + "\n")


def add_parser(commands: Any) -> None:
    score = commands.add_parser("evaluate", help="score networks and classic methods through the app's own path")
    score.add_argument("--data", type=Path, nargs="*", default=[], help="data folders whose test clips are used")
    score.add_argument("--sequences", type=Path, default=None, help="recorded sequences (default: $SUPERSEE_SEQUENCES)")
    score.add_argument("--network", type=Path, nargs="*", default=[], help="exported network folders")
    score.add_argument("--methods", type=_names, default=("bilinear", "taau"), help="classic methods")
    score.add_argument("--clips", type=int, default=0, help="use at most this many test clips a ratio (0: all)")
    score.add_argument("--out", type=Path, default=None, help="write the figures as JSON")
    score.set_defaults(run_command=evaluate_command)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)

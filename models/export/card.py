"""The card beside a network: what it was made from and how it scores, in measured figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.errors import SuperseeError
from models.data.index import DataIndex, read_index
from models.evaluate.report import definitions, summary
from models.evaluate.results import Evaluation
from models.evaluate.table import means, means_text
from models.network.unet import TemporalUNet
from models.train.checkpoint import Progress
from models.train.config import TrainConfig


def _data_lines(folder: Path) -> list[str]:
    try:
        index: DataIndex = read_index(folder)
    except SuperseeError:
        return [f"* `{folder}`: not there when this card was written"]
    train, test = index.of("train"), index.of("test")
    ratios = Counter(clip.ratio for clip in train)
    scenes = sorted({clip.scene for clip in train if not clip.scene.startswith("random:")})
    random = len({clip.scene for clip in train if clip.scene.startswith("random:")})
    frames = train[0].frames if train else 0
    return [
        f"* `{folder}`, seed {index.seed}, drawn by our own renderer: {len(train)} training clips of {frames} frames "
        f"({random} random scenes{', and built-in: ' + ', '.join(scenes) if scenes else ''}), {len(test)} test clips "
        "of other random scenes",
        f"* {sum(clip.unfiltered for clip in train)} of the {len(train)} training clips were drawn "
        "without mip maps at low resolution, far more aliased",
        "* clips per ratio: " + ", ".join(f"{ratio:g}x {count}" for ratio, count in sorted(ratios.items())),
        f"* reference: {index.reference_samples} samples a display pixel, averaged in linear light"
        + "; few, so that the reference itself is slightly noisy on thin things" * (index.reference_samples < 64),
    ]


def _size_lines(network: TemporalUNet) -> list[str]:
    count = sum(p.numel() for p in network.parameters())
    return [
        f"* {count / 1000:.1f} k parameters, {2 * network.config.macs_per_pixel() / 1000:.1f} kFLOP per LR pixel, "
        f"U-Net of widths {', '.join(map(str, network.config.widths))}, four recurrent features",
    ]


def _schedule_lines(config: TrainConfig, progress: Progress) -> list[str]:
    settings = config.optimiser
    stages = "; ".join(
        f"{s.iterations} iterations of {s.batch} crops of {s.display_crop} display pixels, {s.frames} frames with "
        f"back-propagation through {s.window}"
        for s in config.stages
    )
    return [
        f"* {progress.iteration} of {config.iterations} iterations, {progress.seconds / 3600:.2f} hours on "
        f"{config.threads} CPU core{'s' * (config.threads != 1)} shared with other work, seed {config.seed}",
        f"* stages: {stages}",
        f"* Adam {settings.learning_rate:g} with {settings.warm_up} iterations of warm-up and a cosine to "
        f"{settings.final_learning_rate:g}, gradient norm at most {settings.gradient_norm:g}; shipped weights are an "
        f"exponential average ({settings.ema:g})",
        f"* loss: L1 in display space + {config.loss.temporal:g} x the change of the error along the motion; flips, "
        "transposes, colour permutations and +-1 stop of exposure",
    ]


_LIMITS = [
    "* Where every sample differs from the last by aliasing alone (fine textures without mip maps, as in the courtyard "
    "recording) it trusts history too late: for some ten frames it is close to a filtered single frame, and TAAU is "
    "sharper there.",
    "* Small bright bodies that tumble (embers, petals) leave dotted trails, as with TAAU.",
    "* Wires in front of something that moves (a grille before a turning fan) come out as dots, as with TAAU.",
    "* Glazing bars thinner than a pixel before a bright sky stay dashed.",
    "* The first frames after a cut have no history: they look like a filtered low-resolution image.",
    "* Reflections and refractions have no motion vectors of their own and lag behind a moving camera.",
    "* Trained on synthetic scenes only; nobody has tried it on a game.",
]


def write_card(
    path: Path,
    config: TrainConfig,
    progress: Progress,
    network: TemporalUNet,
    evaluation: Evaluation,
    notes: str = "",
    failures: str | None = None,
    precision: Mapping[str, Any] | None = None,
) -> None:
    """`evaluation` is empty where nothing was scored yet. `notes`: what the settings do not tell about the run
    (changes on the way, what was looked at), as Markdown. `failures`: a picture beside the card. `precision`: what
    check-precision found, its plain values are listed."""
    lines = [f"# {config.name}", "", "A temporal upscaling network for Supersee, 1x to 3x with the same weights.", ""]
    lines += ["## Size", "", *_size_lines(network), "", "## Data", ""]
    for folder in config.data.folders:
        lines += _data_lines(Path(folder))
    lines += ["* no training clip shows a held-out scene or recording of the tables below", ""]
    lines += ["## Training", "", *_schedule_lines(config, progress), ""]
    if notes:
        lines += ["## How this run went", "", notes.strip(), ""]
    lines += ["## Held-out figures", "", *_figure_lines(evaluation), ""]
    if precision:
        plain = {k: v for k, v in precision.items() if isinstance(v, str | int | float) and k != "schema"}
        lines += ["## bf16 against float32", "", *(f"* {k.replace('_', ' ')}: {v}" for k, v in plain.items()), ""]
    lines += ["## Known failures", "", *_LIMITS, ""]
    if failures:
        lines += [f"![Where it loses the most to TAAU]({failures})", ""]
    path.write_text("\n".join(lines), encoding="utf-8")


def _figure_lines(evaluation: Evaluation) -> list[str]:
    if not evaluation.rows:
        return ["Not measured for these weights."]
    path = "Through the app's own path (GLSL passes, OpenVINO) where a row's name has no @, through torch otherwise."
    parts = [f"{path} {definitions(evaluation.flip_frames)}", means_text(means(evaluation.rows)).strip()]
    return "\n\n".join([*parts, *summary(evaluation, "### ")]).splitlines()

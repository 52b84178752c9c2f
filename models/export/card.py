"""The card beside a network: what it was made from and how it scores, in measured figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.errors import SuperseeError
from models.data.index import DataIndex, read_index
from models.evaluate.report import bullets, definitions, summary
from models.evaluate.results import Evaluation
from models.evaluate.table import means, means_text, tallies
from models.export.about import about
from models.export.separation import separation_lines
from models.network.model import Model
from models.train.checkpoint import Progress
from models.train.config import TrainConfig

CARD = "card.md"
FIGURES_HEADING = "## Held-out figures"


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
        + f" ({index.test_samples} for test clips)" * bool(index.test_samples)
        + ", twice as many where there are no mip maps" * (index.plan > 2)
        + "; few, so that the reference itself is slightly noisy on thin things" * (index.reference_samples < 64),
    ]


def _schedule_lines(config: TrainConfig, progress: Progress) -> list[str]:
    settings = config.optimiser
    stages = "; ".join(
        f"{s.iterations} iterations of {s.batch} crops of {s.display_crop} display pixels, "
        + (f"{s.frames} frames with back-propagation through {s.window}" if s.frames > 1 else "one frame each")
        for s in config.stages
    )
    processes = f"{progress.processes} process{'es' * (progress.processes != 1)}"
    threads = f" of {config.threads} thread{'s' * (config.threads != 1)}" * (progress.device == "cpu")
    return [
        f"* this run: {progress.iteration} of {config.iterations} iterations, {progress.seconds / 3600:.2f} hours in "
        f"{processes}{threads} on {progress.device}, seed {config.seed}",
        f"* stages: {stages}",
        f"* Adam {settings.learning_rate:g} with {settings.warm_up} iterations of warm-up and a cosine to "
        f"{settings.final_learning_rate:g}, gradient norm at most {settings.gradient_norm:g}; shipped weights are an "
        f"exponential average ({settings.ema:g})",
        f"* loss, in display space: {_loss_text(config)}",
        "* augmentation: flips, transposes, colour permutations, +-1 stop of exposure, less contrast for half",
    ]


def _loss_text(config: TrainConfig) -> str:
    weights = {name: getattr(config.loss, name) for name in _LOSSES}
    return " + ".join(f"{weight:g} x {_LOSSES[name]}" for name, weight in weights.items() if weight)


_LOSSES = {
    "l1": "L1",
    "square": "the squared error",
    "charbonnier": "Charbonnier",
    "decibels": "the error in decibels",
    "perceptual": "the distance of a network's features",
    "temporal": "the change of the error along the motion",
    "adversarial": "a patch discriminator's verdict",
}


def write_card(
    path: Path,
    config: TrainConfig,
    progress: Progress,
    model: Model,
    evaluation: Evaluation,
    notes: str = "",
    failures: str | None = None,
    precision: Mapping[str, Any] | None = None,
) -> None:
    """`evaluation` is empty where nothing was scored yet. `notes`: what the settings do not tell about the run
    (changes on the way, what was looked at), as Markdown. `failures`: a picture beside the card. `precision`: what
    check-precision found, its plain values are listed."""
    said = about(model)
    lines = [f"# {config.name}", "", said.what, "", "## Size", "", *said.size, "", "## Data", ""]
    for folder in config.data.folders:
        lines += _data_lines(Path(folder))
    used = (f"{ratio.removesuffix('.0')}x {weight:g}" for ratio, weight in config.data.ratio_weights.items())
    lines += [f"* share of the training by ratio: {', '.join(used)}"]
    lines += [*separation_lines([Path(folder) for folder in config.data.folders], evaluation.rows), ""]
    lines += ["## Training", "", *_schedule_lines(config, progress), ""]
    if notes:
        lines += ["## How this run went", "", notes.strip(), ""]
    lines += [FIGURES_HEADING, "", *figure_lines(evaluation, config.name, said.only_ratio), ""]
    if precision:
        plain = {k: v for k, v in precision.items() if isinstance(v, str | int | float) and k != "schema"}
        lines += ["## bf16 against float32", "", *(f"* {k.replace('_', ' ')}: {v}" for k, v in plain.items()), ""]
    lines += ["## Known failures", "", "Seen in networks of this kind that shipped:", "", *said.limits, ""]
    if failures:
        lines += [f"![Where it loses the most to TAAU]({failures})", ""]
    path.write_text("\n".join(lines), encoding="utf-8")


def check_weights(evaluation: Evaluation, name: str, sha256: str) -> None:
    """Raises SuperseeError where `name` was scored with other weights than those whose model.onnx has `sha256`."""
    if evaluation.weights.get(name, sha256) != sha256:
        raise SuperseeError(
            f"The scores are not of this {name}",
            f"they were taken of the weights {evaluation.weights[name][:12]}, and these are {sha256[:12]}",
            "Run evaluate with these weights.",
        )


def copied_failures(name: str, pictures: Path, out: Path) -> str:
    """The file in `out`. Raises SuperseeError where evaluate has left no picture of this network's failures."""
    from models.evaluate.pictures import failures_name

    found = sorted(pictures.glob(failures_name(f"{name} @").replace(".jpg", "*.jpg")))
    for source in (pictures / failures_name(name), *found):
        if source.is_file():
            (out / "failures.jpg").write_bytes(source.read_bytes())
            return "failures.jpg"
    raise SuperseeError(
        f"There is no picture of the failures of {name} in {pictures}",
        f"{failures_name(name)} is missing: it was not scored, or loses nowhere",
        "Make it with: python -m models evaluate --pictures DIR",
    )


def figure_lines(evaluation: Evaluation, name: str, only_ratio: int | None) -> list[str]:
    """A network of one ratio is a peer: it has wins and losses there, and no bar to reach."""
    rows = [row for row in evaluation.rows if only_ratio in (None, row.sequence.ratio)]
    if not rows:
        return ["Not measured for these weights."]
    path = "Through the app's own path (GLSL passes, OpenVINO) where a row's name has no @, through torch otherwise."
    parts = [f"{path} {definitions(evaluation.flip_frames)}", means_text(means(rows)).strip()]
    if only_ratio is None:
        return "\n\n".join([*parts, *summary(evaluation, "### ")]).splitlines()
    own = [row for row in rows if row.kind == "classic" or row.method == name]
    return "\n\n".join([*parts, "### Wins and losses", bullets(tallies(own))]).splitlines()

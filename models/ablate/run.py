"""Trains and scores the variants one after the other; stopped at any moment, it goes on where it was."""

from __future__ import annotations

import json
import sys
import time
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from app.capture.provenance import machine
from app.errors import SuperseeError
from models.ablate.results import FIGURES, Result, save_result, saved_result
from models.ablate.table import markdown, put_into
from models.ablate.toml_text import toml_text
from models.ablate.variants import Variant, changed, planned
from models.data.index import read_index
from models.data.ratios import ratio_weight
from models.evaluate.checkpoints import read_run, scoring_model
from models.evaluate.held_out import score_clip
from models.evaluate.sequences import RenderedClip, held_out_clips
from models.train.config import TrainConfig, parse_config
from models.train.loop import LATEST, Trainer


@dataclass(frozen=True, slots=True)
class Plan:
    """`clips`: at most so many held-out clips of each data folder and group, 0 for all. `seeds`: trainings of the
    base. `only`: names of variants, empty for all."""

    config_text: str
    iterations: int
    out: Path
    seeds: int = 2
    only: tuple[str, ...] = ()
    clips: int = 0
    docs: Path | None = None


def ablate(plan: Plan) -> list[Result]:
    """Results in the order of the plan. OUT holds a run for each variant, ablation.json and ablation.md."""
    base = tomllib.loads(plan.config_text)
    config = parse_config(plan.config_text)
    test = _test_clips(config, plan.clips)
    variants = planned(plan.seeds, plan.only)
    results: list[Result] = []
    begun, done_now = time.monotonic(), 0
    for number, variant in enumerate(variants, 1):
        text = toml_text(changed(base, variant, plan.iterations))
        folder = plan.out / variant.name
        result = saved_result(folder, text)
        if result is None:
            _say(f"[{number}/{len(variants)}] {variant.name}: {variant.what}")
            result = _carry_out(variant, text, folder, test)
            done_now += 1
            left = (time.monotonic() - begun) / done_now * (len(variants) - number)
            _say(f"[{number}/{len(variants)}] {_summary(result)}, {left / 60:.0f} min left")
        else:
            _say(f"[{number}/{len(variants)}] {_summary(result)} (kept)")
        results.append(result)
        write_outcome(plan, config, results, len(test))
    return results


def write_outcome(plan: Plan, config: TrainConfig, results: Sequence[Result], clips: int) -> None:
    """The tables of what is there so far."""
    budget = budget_lines(plan, config, results, clips)
    text = markdown(results, budget)
    figures = [{**asdict(r), "means": {f: r.mean(f) for f in FIGURES} if not r.failure else None} for r in results]
    (plan.out / "ablation.json").write_text(json.dumps({"budget": budget, "variants": figures}, indent=1) + "\n")
    (plan.out / "ablation.md").write_text(text, encoding="utf-8")
    if plan.docs is not None:
        put_into(plan.docs, text)


def budget_lines(plan: Plan, config: TrainConfig, results: Sequence[Result], clips: int) -> list[str]:
    stages = "; ".join(
        f"{s.batch} crops of {s.display_crop} display pixels, {s.frames} frames, back-propagation through {s.window}"
        for s in config.stages
    )
    spent = [r.seconds for r in results if not r.failure]
    minutes = f"{min(spent) / 60:.1f} to {max(spent) / 60:.1f} minutes of training each" if spent else "nothing trained"
    counts = "; ".join(f"`{folder}`, {len(read_index(Path(folder)).of('train'))} training clips"
                       for folder in config.data.folders)  # fmt: skip
    threads = f"{config.threads} thread{'s' * (config.threads != 1)}"
    return [
        f"budget: {plan.iterations} iterations of {stages}; {minutes}",
        f"data: {counts}; ratios {', '.join(sorted(config.data.ratio_weights))}",
        f"scored on {clips} held-out clips, frames from the sixth on, with the averaged weights",
        f"machine: {machine()['processor']}, {threads}, torch {torch.__version__}",
    ]


def _carry_out(variant: Variant, text: str, folder: Path, test: dict[str, RenderedClip]) -> Result:
    try:
        Trainer(text, folder, resume=(folder / LATEST).exists()).train()
        config, checkpoint = read_run(folder)
        model = scoring_model(config, checkpoint)
    except SuperseeError as error:
        # The others go on; the next call tries this one again.
        return Result(variant.name, variant.group, variant.what, failure=str(error))
    clips = {}
    for name, item in test.items():
        scores = score_clip(model, item.clip(), flip_frames=0)
        clips[name] = {figure: float(getattr(scores, figure)) for figure in FIGURES}
    parameters = sum(weight.numel() for weight in model.network.parameters())
    result = Result(variant.name, variant.group, variant.what, text, parameters, checkpoint.progress.seconds, clips)
    save_result(result, folder)
    return result


def _test_clips(config: TrainConfig, limit: int) -> dict[str, RenderedClip]:
    """Held-out clips of the ratios that are trained, by name."""
    folders = [Path(folder) for folder in config.data.folders]
    there = {entry.ratio for folder in folders for entry in read_index(folder).of("test")}
    ratios = sorted(ratio for ratio in there if ratio_weight(config.data.ratio_weights, ratio) > 0.0)
    clips = {c.name.name: c for c in held_out_clips(folders, ratios, limit)}
    if not clips:
        wanted = ", ".join(config.data.ratio_weights)
        raise SuperseeError("There is nothing to score on", f"no test clips of the ratios {wanted}", "Render some.")
    return clips


def _summary(result: Result) -> str:
    if result.failure:
        return f"{result.name}: {result.failure}"
    return f"{result.name}: PSNR {result.mean('psnr'):.2f} dB, tPSNR {result.mean('tpsnr'):.2f} dB"


def _say(text: str) -> None:
    print(text, file=sys.stdout, flush=True)  # noqa: T201 (this is the command's output)

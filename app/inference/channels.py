"""The tensors' channel order and the constants of the formulation, spelled once.

The lab's torch code imports this module, the shaders receive it as #defines (`shader_defines`), and a network's
manifest must list the same names in the same order, so none of the three can drift from the others.

Spaces: "accumulation space" is c / (1 + 0.25 max(c)) of exposed colour, in which the history averages; "feature
space" is c / (1 + max(c)), bounded by 1, which the network reads. Positions are in LR pixels unless a name says
otherwise.
"""

from __future__ import annotations

from app.conventions import ACCUMULATION_KNEE, FEATURE_KNEE

FORMULATION = 4
"""Raised whenever the meaning of a channel, an activation or a pass changes: old weights are then refused."""

INPUT_CHANNELS: tuple[str, ...] = (
    "colour_r",  # this frame's sample, feature space
    "colour_g",
    "colour_b",
    "history_r",  # history where the nearest surface (3x3) was, at the jittered sample, feature space
    "history_g",
    "history_b",
    "history_luma_nw",  # the same a quarter LR pixel to each side
    "history_luma_ne",
    "history_luma_sw",
    "history_luma_se",
    "history_weight",  # log2(1 + N) / 5
    "history_valid",  # 1 where the previous position was on screen and nothing was reset
    "depth_to_nearest",  # log2 of this depth over the nearest in 3x3, clamped to +-4, / 4
    "depth_change_dilated",  # log2 of the nearest depth over the depth that was there before, same scale
    "depth_change_own",  # log2 of the depth a resting point had before over what was at its own previous position
    "depth_range",  # log2 of largest over smallest depth in 3x3, / 8
    "luma_outside",  # signed distance of the history's luma to the 3x3 range, accumulation space
    "luma_deviation",  # standard deviation of luma in 3x3
    "motion_length",  # log2(1 + |motion of the nearest surface|) / 4
    "jitter_x",
    "jitter_y",
    "reactive",
    "log_ratio",  # log2 of display over render size
    "motion_difference",  # log2(1 + |nearest surface's motion - own motion|) / 4
    "hidden_0",  # recurrent features, warped with the nearest surface's motion
    "hidden_1",
    "hidden_2",
    "hidden_3",
    "own_history_luma",  # history at the pixel's own previous position
    "own_history_weight",
    "resampling",  # how far between history pixels the history is fetched: 0 on a pixel, 1 between four
    "chroma_outside",  # distance of the history's chroma to the 3x3 range
    "visible_before",  # 0 where what moved away since then lay in front (shaders/upscale/occlusion.glsl)
    "motion_change",  # log2(1 + |own motion - the motion that was there before|) / 4
    "kept_luma_deviation",  # of 3x3 samples over the frames (shaders/upscale/statistics.glsl), accumulation space
    "kept_chroma_deviation",  # the larger one of Co and Cg
    "kept_luma_change",  # kept mean of luma minus this frame's
    "outside_kept",  # the history's distance to the kept mean in kept deviations, clamped to 8, / 8
    "innovation",  # recent mean of sample minus history, luma: what the history gets wrong
    "innovation_size",  # recent mean of its magnitude: how noisy the samples are
)

OUTPUT_CHANNELS: tuple[str, ...] = (
    "cholesky_xx",  # the current frame's kernel: exp(-|L^T d|^2 / 2), d in LR pixels
    "cholesky_xy",
    "cholesky_yy",
    "interpolation",  # share of bilinear interpolation in the current colour; the weight is the Gaussian's alone
    "gain",  # confidence in the current samples
    "keep",  # how much accumulated weight survives
    "gamma",  # how many standard deviations history may leave the neighbourhood
    "sharpness",  # of the history filter: 0 bilinear, 1 Catmull-Rom
    "fetch_mix",  # 0 history at the nearest surface's motion, 1 at the pixel's own
    "offset_x",  # moves the history fetch, history pixels
    "offset_y",
    "reject",  # how much weight is lost where history had to be clipped
    "hidden_0",
    "hidden_1",
    "hidden_2",
    "hidden_3",
)

HIDDEN = 4
SIZE_MULTIPLE = 4
"""The network halves its input twice: LR sizes are padded (edge pixels repeated) to a multiple of this."""

HISTORY_SCALES = (1, 2)
"""History pixels per display pixel along each axis; a network is trained for one of them."""

MAX_WEIGHT = 32.0
"""Cap of the accumulated weight N: beyond it the average stops slowing down."""

# Activations turn raw network outputs into parameters: low + span * sigmoid(x), span * tanh(x) or 2^(span tanh(x)).
CHOLESKY_LOW = 0.5  # a Gaussian of two LR pixels deviation ...
CHOLESKY_SPAN = 6.5  # ... down to a seventh, times the history scale: a finer history takes finer kernels
SHEAR_SPAN = 4.0
GAIN_SPAN = 4.0
GAMMA_OCTAVES = 3.0
SHARPNESS_SPAN = 2.0
OFFSET_SPAN = 0.5  # history pixels
KERNEL_FLOOR = 1e-4  # of the interpolated colour, for where the Gaussian reaches no sample
CLIP_SLACK = 2.5e-4
"""History may leave the neighbourhood by gamma * deviation + CLIP_SLACK * gamma^4: at gamma's upper end nothing is
clipped even where the neighbourhood is flat (a wire that no sample hit this frame)."""

# Cues that outlive the frame: see shaders/upscale/occlusion.glsl and statistics.glsl.
DEPTH_TOLERANCE = 0.001
MOTION_TOLERANCE = 0.03
COVER_GONE = 0.5
GAMMA_BARE = 2.0  # at most, where a particle has gone: what it left in history is not what lay behind it
MEMORY_STILL = 0.9
MEMORY_MOVING = 0.5
JUMP = 1.0
JUMP_MARGIN = 0.02
INNOVATION_MEMORY = 0.75  # part of the innovation's means that is kept from frame to frame
OUTSIDE_MARGIN = 0.01  # added to the kept deviation where distances are counted in it

MIN_DEPTH = 1e-6
"""Reversed depth of the sky, so that ratios stay finite."""


def shader_defines() -> dict[str, str]:
    """#defines for shaders/neural: IN_<NAME>, OUT_<NAME> and the constants above."""
    defines = {f"IN_{name.upper()}": str(index) for index, name in enumerate(INPUT_CHANNELS)}
    defines |= {f"OUT_{name.upper()}": str(index) for index, name in enumerate(OUTPUT_CHANNELS)}
    defines |= {"INPUT_COUNT": str(len(INPUT_CHANNELS)), "OUTPUT_COUNT": str(len(OUTPUT_CHANNELS))}
    defines |= {"SIZE_MULTIPLE": str(SIZE_MULTIPLE)}
    constants = {
        "MAX_WEIGHT": MAX_WEIGHT,
        "CHOLESKY_LOW": CHOLESKY_LOW,
        "CHOLESKY_SPAN": CHOLESKY_SPAN,
        "SHEAR_SPAN": SHEAR_SPAN,
        "GAIN_SPAN": GAIN_SPAN,
        "GAMMA_OCTAVES": GAMMA_OCTAVES,
        "SHARPNESS_SPAN": SHARPNESS_SPAN,
        "OFFSET_SPAN": OFFSET_SPAN,
        "KERNEL_FLOOR": KERNEL_FLOOR,
        "CLIP_SLACK": CLIP_SLACK,
        "DEPTH_TOLERANCE": DEPTH_TOLERANCE,
        "MOTION_TOLERANCE": MOTION_TOLERANCE,
        "COVER_GONE": COVER_GONE,
        "GAMMA_BARE": GAMMA_BARE,
        "MEMORY_STILL": MEMORY_STILL,
        "MEMORY_MOVING": MEMORY_MOVING,
        "JUMP": JUMP,
        "JUMP_MARGIN": JUMP_MARGIN,
        "INNOVATION_MEMORY": INNOVATION_MEMORY,
        "OUTSIDE_MARGIN": OUTSIDE_MARGIN,
        "MIN_DEPTH": MIN_DEPTH,
        "ACCUMULATION_KNEE": ACCUMULATION_KNEE,
        "FEATURE_KNEE": FEATURE_KNEE,
    }
    return defines | {name: f"{value:.9f}" for name, value in constants.items()}

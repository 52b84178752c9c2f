"""The figures of quality, in the order in which every table and report shows them, with what each of them says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QualityFigure:
    """`definition` is one line for a report; app.measure.image_metrics holds the code and the sources."""

    label: str
    unit: str
    higher_is_better: bool
    decimals: int
    definition: str

    def formatted(self, value: float | None) -> str:
        return "–" if value is None else f"{value:.{self.decimals}f}"

    def better(self, value: float, other: float) -> bool:
        return value > other if self.higher_is_better else value < other

    @property
    def heading(self) -> str:
        return f"{self.label} {self.unit}".rstrip()


QUALITY: dict[str, QualityFigure] = {
    "psnr": QualityFigure(
        "PSNR", "dB", True, 2, "mean over frames of the display image (exposure, clip, sRGB) against the reference"
    ),
    "ssim": QualityFigure("SSIM", "", True, 3, "Wang et al. 2004, Gaussian window of sigma 1.5, mean over frames"),
    "flip": QualityFigure(
        "FLIP", "", False, 3, "mean LDR-FLIP at 67 pixels a degree, mean over some frames spread over the run"
    ),
    "tpsnr": QualityFigure(
        "tPSNR", "dB", True, 2, "PSNR of the change since the frame before against the reference's, mean over frames"
    ),
    "flicker": QualityFigure(
        "flicker", "levels", False, 2, "mean change along the motion that the reference does not have, in 8-bit levels"
    ),
}
"""By the name in report.json and in the lab's files; `image_metrics` has a function of each name."""

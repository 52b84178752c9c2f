from __future__ import annotations

import pytest

from models.evaluate.bar import checks
from models.evaluate.sequences import SequenceName
from models.evaluate.table import Row, clips_text, means, means_text, tallies
from models.evaluate.tally import Scores
from models.evaluate.verdict import behind, verdict

GOOD = Scores(psnr=30.0, ssim=0.9, flip=0.1, tpsnr=35.0, flicker=2.0, frames=19)
BAD = Scores(psnr=25.0, ssim=0.8, flip=0.2, tpsnr=30.0, flicker=4.0, frames=19)


def rendered(number: int, ratio: float = 2.0, group: str = "garden") -> SequenceName:
    return SequenceName(group, f"data/{number:05d}", "pan", ratio, False)


def row(method: str, sequence: SequenceName, scores: Scores) -> Row:
    return Row(method, "network" if method == "net" else "classic", sequence, scores)


def test_a_win_is_better_or_equal_in_every_figure() -> None:
    assert verdict(GOOD, BAD) == "WIN"
    assert verdict(GOOD, GOOD) == "WIN"
    assert verdict(BAD, GOOD) == "LOSS"
    mixed = Scores(31.0, 0.91, 0.11, 36.0, 2.1, 19)
    assert behind(mixed, GOOD) == ("flip", "flicker")
    assert verdict(mixed, GOOD) == "LOSS (FLIP, flicker)"


def test_a_figure_that_was_not_taken_decides_nothing() -> None:
    assert verdict(Scores(30.0, 0.9, None, None, None, 1), GOOD) == "WIN"
    assert verdict(Scores(29.0, 0.8, None, 35.0, None, 1), GOOD) == "LOSS (PSNR, SSIM)"


def test_means_are_taken_per_ratio_group_and_method_and_recordings_come_last() -> None:
    recorded = SequenceName("courtyard", "courtyard", "recorded", 2.0, True)
    rows = [row("taau", s, GOOD) for s in (recorded, rendered(1), rendered(2, ratio=3.0))]
    rows += [row("taau", rendered(3), BAD)]
    tables = means(rows)
    assert [(t["ratio"], t["group"], t["sequences"]) for t in tables] == [
        (2.0, "garden", 2), (2.0, "courtyard", 1), (3.0, "garden", 1),
    ]  # fmt: skip
    assert tables[0]["psnr"] == pytest.approx(27.5)
    text = means_text(tables)
    assert "| garden, 2x (2 clips) | PSNR dB |  SSIM |  FLIP | tPSNR dB | flicker levels |" in text
    assert "| taau                 |   27.50 | 0.850 | 0.150 |    32.50 |           3.00 |" in text


def test_every_row_of_a_clip_has_its_verdicts() -> None:
    rows = [row("bilinear", rendered(1), BAD), row("taau", rendered(1), GOOD), row("net", rendered(1), GOOD)]
    lines = clips_text(rows).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0][:2] == ["clip", "method"]
    assert cells[0][2:] == ["PSNR dB", "SSIM", "FLIP", "tPSNR dB", "flicker levels", "against taau", "against bilinear"]
    assert [(c[0], c[1], c[-2], c[-1]) for c in cells[2:]] == [
        ("2x data/00001, pan", "bilinear", "LOSS", ""), ("", "taau", "", "WIN"), ("", "net", "WIN", "WIN"),
    ]  # fmt: skip
    assert tallies(rows) == ["net against taau: 2x 1 won, 0 lost", "net against bilinear: 2x 1 won, 0 lost"]


def test_the_bar_is_reached_missed_or_not_measured() -> None:
    court = SequenceName("courtyard", "courtyard", "recorded", 2.0, True)
    net = Scores(32.0, 0.95, 0.05, 40.0, 1.0, 19)
    rows = [row("net", court, Scores(21.5, 0.72, 0.17, 25.0, 10.5, 19))]
    for number, taau in ((1, GOOD), (2, BAD)):
        rows += [row("taau", rendered(number), taau), row("bilinear", rendered(number), BAD)]
        rows += [row("net", rendered(number), net)]
    found = {check.text.split(";")[0]: check.reached for check in checks(rows, "net")}
    assert found == {
        "courtyard at 2x: PSNR 21.50, SSIM 0.720, FLIP 0.170, flicker 10.50": True,
        "courtyard at 3x: the bar is PSNR 20.12": None,
        "PSNR over taau on rendered clips at 2x: +4.50 dB, mean of 2": True,
        "PSNR over bilinear on rendered clips at 2x: +7.00 dB, mean of 2": True,
        "better SSIM, FLIP, tPSNR and flicker than taau and bilinear on every rendered clip at 2x: on 2 of 2": True,
        "PSNR over taau on rendered clips at 1.5x: the bar is more than 0 dB": None,
        "PSNR over taau on rendered clips at 3x: the bar is more than 0 dB": None,
    }
    rows[0] = row("net", court, Scores(21.5, 0.72, 0.17, 25.0, 10.6, 19))
    rows[-1] = row("net", rendered(2), Scores(32.0, 0.95, 0.25, 40.0, 1.0, 19))
    texts = [str(check) for check in checks(rows, "net")]
    assert texts[0].startswith("MISSED: courtyard at 2x")
    assert texts[4].startswith("MISSED")
    assert texts[4].endswith("on 1 of 2; not on data/00002 (pan)")

"""Which windows a sheet shows, with which methods: peers beside the others, and only where they played."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from app.commands.report_picture import rgb8
from models.evaluate.contestants import TorchModel
from models.evaluate.results import Evaluation
from models.evaluate.sequences import SequenceName
from models.evaluate.sheet import crop_sheet, method_colour
from models.evaluate.spots import WINDOW, SpotFinder
from models.evaluate.table import Row, tallies
from models.evaluate.tally import Scores
from models.network import build_model
from models.network.model import Model

SIZE = (120, 100)


def clip(ratio: float) -> SequenceName:
    return SequenceName("garden", f"data/{ratio:g}", "pan", ratio, False)


def pictures(*methods: str) -> dict[str, dict[int, np.ndarray]]:
    """One frame of each; networks are bright where TAAU and the reference are dark."""
    levels = {"taau": 10, "reference": 10}
    return {
        name: {7: np.full((SIZE[1], SIZE[0], 3), levels.get(name, 200), np.uint8)} for name in (*methods, "reference")
    }


def test_a_peer_is_a_column_where_it_played_and_nowhere_else() -> None:
    finder = SpotFinder(["bilinear", "edsr", "taau", "net"], "taau", ["net"], peers=["edsr"])
    finder.add(clip(2.0), pictures("bilinear", "edsr", "taau", "net"))
    finder.add(clip(3.0), pictures("bilinear", "taau", "net"))
    (double,), (triple,) = finder.differing(2.0, 4), finder.differing(3.0, 4)
    assert list(double.images) == ["bilinear", "edsr", "taau", "net", "reference"]
    assert list(triple.images) == ["bilinear", "taau", "net", "reference"]
    lost = finder.losses("net", 4)
    assert [spot.sequence.ratio for spot in lost] == [2.0, 3.0]
    assert all(list(spot.images) == ["bilinear", "taau", "net", "reference"] for spot in lost), "one sheet, one order"
    of_peer = np.array(rgb8(method_colour("edsr")))
    shown = [bool((crop_sheet("title", "line", [spot]) == of_peer).all(axis=2).any()) for spot in (double, triple)]
    assert shown == [True, False]


def test_a_network_beyond_the_sheets_columns_has_its_own_picture_of_losses() -> None:
    finder = SpotFinder(["taau", "net"], "taau", ["net", "fifth"])
    finder.add(clip(2.0), pictures("taau", "net", "fifth"))
    (spot,) = finder.losses("fifth", 4)
    assert list(spot.images) == ["taau", "net", "fifth", "reference"]
    assert spot.images["fifth"].shape == (WINDOW[1], WINDOW[0], 3)


def test_a_peers_checkpoint_is_a_row_and_no_candidate() -> None:
    def contestant(name: str, settings: Mapping[str, object]) -> TorchModel:
        model: Model = build_model(settings, seed=1)
        return TorchModel(name, model)

    tiny = {"widths": [8, 8, 8], "blocks": [0, 0, 0], "up_blocks": [0, 0]}
    made = [contestant("lite @20", tiny), contestant("espcn @20", {"kind": "espcn", "ratio": 2, "widths": [8, 8]})]
    scores = Scores(30.0, 0.9, 0.1, 35.0, 2.0, 19)
    rows = [Row(c.name, c.kind, clip(2.0), scores) for c in made] + [Row("taau", "classic", clip(2.0), scores)]
    evaluation = Evaluation(rows=rows)
    assert [c.ratio for c in made] == [None, 2]
    assert evaluation.candidates == ["lite @20"]
    assert list(evaluation.as_dict()["bar"]) == ["lite @20"]
    assert "espcn @20 against taau: 2x 1 won, 0 lost" in tallies(rows)


def test_peers_have_their_kinds_colours() -> None:
    assert method_colour("espcn") == method_colour("espcn-3x") == method_colour("espcn @1600")
    assert method_colour("espcn") != method_colour("srcnn") != method_colour("lite @20")
    assert method_colour("lite") == method_colour("lite @20") == method_colour("neural")

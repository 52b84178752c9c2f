"""The one table of keys: what the window binds, what the help sheet lists, what the tests press.

Keys are spelled as Qt's portable text ("Shift+Q"); `command` is a method of Presenter, or of the window where it
starts with "window.", with `argument` if there is one.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.conventions import QUALITY_MODES
from app.present.sheet import Sheet
from app.upscale.registry import METHODS


@dataclass(frozen=True, slots=True)
class Key:
    """`keys[0]` is shown; `repeats` while it is held down. Without `text` it shares the line of the one before."""

    keys: tuple[str, ...]
    command: str
    text: str
    argument: object = None
    repeats: bool = False
    shown: str = ""


_METHOD_KEYS = {
    "native": "N",
    "nearest": "X",
    "bilinear": "B",
    "lanczos": "L",
    "taau": "T",
    "neural": "U",
    "reference": "R",
}

KEY_TABLE: tuple[tuple[str, tuple[Key, ...]], ...] = (
    (
        "Panes",
        (
            *(Key((str(n),), "select", f"select pane {n}", n - 1) for n in range(1, 5)),
            *(
                Key((key,), "set_method", f"{METHODS[name].label} in the selected pane", name)
                for name, key in _METHOD_KEYS.items()
            ),
            Key(("Tab",), "cycle_method", "next method", 1),
            Key(("Shift+Tab", "Backtab"), "cycle_method", "previous method", -1),
            Key(("]",), "change_panes", "one pane more", 1),
            Key(("[",), "change_panes", "one pane less", -1),
        ),
    ),
    (
        "Quality",
        (
            Key(("Q",), "step_quality", "next quality mode (fewer pixels)", 1),
            Key(("Shift+Q",), "step_quality", "previous quality mode", -1),
            *(
                Key((f"F{n}",), "set_ratio", f"{mode.name}, {mode.ratio:g}×", mode.ratio)
                for n, mode in enumerate(QUALITY_MODES, start=2)
            ),
            Key(("PgUp",), "change_ratio", "ratio + 0.1", 0.1, repeats=True),
            Key(("PgDown",), "change_ratio", "ratio − 0.1", -0.1, repeats=True),
        ),
    ),
    (
        "View",
        (
            Key(("W",), "toggle_wipe", "wipe: this pane and the next"),
            Key(("Shift+W",), "next_wipe_partner", "wipe against another pane"),
            Key(("V",), "toggle_single", "the selected pane alone"),
            Key(("Z",), "zoom_step", "zoom in: 2, 4, 8, 16 pixels, all"),
            Key(("Shift+Z",), "zoom_out", "the whole picture"),
            Key(("Left",), "pan", "pan (wipe: move the divider)", (1, 0), repeats=True, shown="← → ↑ ↓"),
            Key(("Right",), "pan", "", (-1, 0), repeats=True),
            Key(("Up",), "pan", "", (0, 1), repeats=True),
            Key(("Down",), "pan", "", (0, -1), repeats=True),
            Key(("O",), "toggle_overlay", "measurements"),
            Key(("Shift+O",), "next_graph_scale", "scale of the frame-time graph"),
            Key(("H", "F1", "?"), "toggle_help", "this help"),
        ),
    ),
    (
        "Time and camera",
        (
            Key(("Space",), "toggle_pause", "pause; the reference accumulates"),
            Key((".",), "step_time", "one frame on", 1, repeats=True),
            Key((",",), "step_time", "one frame back", -1, repeats=True),
            Key(("Home",), "restart", "back to the start"),
            Key(("P",), "step_path", "next camera path", 1),
            Key(("Shift+P",), "step_path", "previous camera path", -1),
            Key(("M",), "next_camera_mode", "camera: path, orbit, fly"),
            Key(("G",), "step_scene", "next scene", 1),
            Key(("Shift+G",), "step_scene", "previous scene", -1),
        ),
    ),
    (
        "Timeline",
        (
            Key(("End",), "window.player.play", "to the last frame", "seek_last"),
            Key(("I",), "window.player.play", "in: playing starts here", "mark_first"),
            Key(("Shift+I",), "window.player.play", "out: playing ends here", "mark_last"),
            Key(("Ctrl+I",), "window.player.play", "all frames again", "clear_marks"),
            Key(("Ctrl+L",), "window.player.play", "loop, ping-pong, once", "next_ends"),
            Key(("-",), "window.player.play", "slower", "slower"),
            Key(("=",), "window.player.play", "faster", "faster"),
            Key(("A",), "window.player.seek_worst", "worst frame of the selected pane"),
            Key(("Ctrl+M",), "window.player.play", "measure all frames, and stop that", "toggle_scan"),
            Key(("Ctrl+T",), "window.player.test_conventions", "self-test of motion and jitter"),
            Key(("Shift+C",), "window.player.toggle_bar", "hide the timeline"),
        ),
    ),
    (
        "Picture",
        (
            Key(("E",), "change_exposure", "brighter by a third of a stop", 1, repeats=True),
            Key(("D",), "change_exposure", "darker by a third of a stop", -1, repeats=True),
            Key(("Y",), "toggle_tone_curve", "filmic curve or none"),
            Key(("K",), "next_shading_load", "heavier pixel shader"),
            Key(("J",), "change_lod_bias", "sharper textures (LOD bias)", -0.25, repeats=True),
            Key(("Shift+J",), "change_lod_bias", "softer textures", 0.25, repeats=True),
        ),
    ),
    (
        "Recording",
        (
            Key(("F9",), "window.record", "record a video live; again: stop"),
            Key(("Shift+F9",), "window.record", "record every frame, at any speed", True),
            Key(("F8",), "window.recording.toggle_of_pane", "of all, or of the selected pane alone"),
            Key(("Ctrl+F9",), "window.recording.toggle_burn_in", "with the measurements or without"),
            Key(("Ctrl+F8",), "window.recording.next_codec", "H.264, HEVC, AV1, FFV1 (lossless)"),
        ),
    ),
    (
        "Window",
        (
            Key(("F", "F11"), "window.toggle_full_screen", "full screen"),
            Key(("C",), "window.toggle_dock", "controls"),
            Key(("S",), "window.screenshot", "screenshots of all and each pane"),
            Key(("Shift+S",), "window.screenshot", "the same, and all buffers as EXR", True),
            Key(("Ctrl+O",), "window.open_file", "open a glTF file"),
            Key(("Ctrl+Shift+O",), "window.open_folder", "open a recording's folder"),
            Key(("Ctrl+R",), "window.reload_shaders", "reload changed shaders"),
            Key(("Esc",), "window.step_back", "leave help, wipe, zoom…"),
            Key(("Ctrl+Q",), "window.close", "quit"),
        ),
    ),
)


def help_sheet() -> Sheet:
    """The table as the help overlay shows it; runs of digit and function keys of one kind take one line."""
    groups = []
    for heading, keys in KEY_TABLE:
        lines: list[tuple[str, str]] = []
        for key in keys:
            if not key.text:
                continue
            if key.command == "select":
                if key.argument == 0:
                    lines.append(("1 – 4", "select a pane"))
                continue
            lines.append((key.shown or " ".join(key.keys[:2] if key.keys[-1] != "Backtab" else key.keys[:1]), key.text))
        groups.append((heading, tuple(lines)))
    groups.append(
        ("Mouse", (("wheel", "zoom at the pointer"), ("drag", "pan when zoomed, else turn the camera"),
                   ("double click", "the pane alone, and back"), ("right drag", "turn; with W A S D Q E: fly"),
                   ("drop", "open a .glb, a .gltf or a recording")))
    )
    return Sheet("Keys", tuple(groups))

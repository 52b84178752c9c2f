"""The self-test of a live scene, in a process of its own: a context belongs to one thread, and frames drawn and read
back in the window's would hold the picture up for seconds."""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from app.errors import SuperseeError
from app.own_process import start_module


@dataclass(frozen=True, slots=True)
class SceneVerdict:
    """What `app.sequence.selftest` found, as far as it is shown: a scene's conventions are the program's own, and there
    is nothing to apply."""

    sentences: tuple[str, ...]
    fits: bool


class SceneTest:
    """Of a built-in scene or a glTF file at a ratio: what `supersee inspect SCENE --self-test` does."""

    def __init__(self, scene: str, ratio: float) -> None:
        self._scene = scene
        self._ratio = ratio
        self._child: subprocess.Popen[str] | None = None
        self._ended = False

    def run(self) -> SceneVerdict:
        """Waits for it. Raises SuperseeError where the scene cannot be tested, or after `end`."""
        with tempfile.TemporaryDirectory(prefix="supersee-") as folder:
            answer = Path(folder) / "found.json"
            try:
                said = self._finished(answer)
                found = json.loads(answer.read_text(encoding="utf-8"))["self_test"]
                return SceneVerdict(tuple(found["sentences"]), bool(found["fits"]))
            except FileNotFoundError:
                raise SuperseeError(f"The self-test of {self._scene} ended early", said.strip()[-800:]) from None
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise SuperseeError(f"The self-test of {self._scene} cannot be run", str(error)) from error

    def end(self) -> None:
        """From any thread; `run` then raises."""
        self._ended = True
        if self._child is not None:
            self._child.kill()

    def _finished(self, answer: Path) -> str:
        """What it said on standard error."""
        arguments = ["inspect", self._scene, "--self-test", "--frames", "2"]
        arguments += ["--ratio", str(self._ratio), "--json", str(answer)]
        quiet, pipe = subprocess.DEVNULL, subprocess.PIPE
        self._child = start_module("app", *arguments, stdout=quiet, stderr=pipe, text=True)
        if self._ended:
            self._child.kill()
        return self._child.communicate()[1]

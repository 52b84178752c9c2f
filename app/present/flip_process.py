"""FLIP in a process of its own: the evaluator takes most of a second a picture, keeps the interpreter to itself
meanwhile, and may end the process that it runs in.

`python -m app.present.flip_process` answers on its standard output to what comes on its standard input: a line of JSON
that says the images' shape, types and exposure, the bytes of both; then a line of JSON with "flip" or "error".
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO

import numpy as np

from app.errors import SuperseeError
from app.own_process import start_module


class FlipProcess:
    """Starts with the first picture and stays until `close`."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "flip")
        self._child: subprocess.Popen[bytes] | None = None
        self._closed = False

    def submit(self, picture: np.ndarray, reference: np.ndarray, exposure: float) -> Future[float]:
        """Mean FLIP of two linear images, (height, width, 3) of one shape; SuperseeError where it cannot be had."""
        return self._thread.submit(self._asked, picture, reference, exposure)

    def close(self) -> None:
        """Ends the process, in the middle of a picture or not."""
        self._closed = True
        if self._child is not None:
            self._child.kill()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _asked(self, picture: np.ndarray, reference: np.ndarray, exposure: float) -> float:
        images = [np.ascontiguousarray(image) for image in (picture, reference)]
        types = [image.dtype.str for image in images]
        head = json.dumps({"shape": list(picture.shape), "types": types, "exposure": exposure})
        try:
            child = self._started()
            assert child.stdin is not None
            assert child.stdout is not None
            for part in (head.encode() + b"\n", *(image.tobytes() for image in images)):
                child.stdin.write(part)
            child.stdin.flush()
            answer = json.loads(child.stdout.readline() or b"{}")
        except (OSError, ValueError) as error:
            raise SuperseeError("FLIP cannot be measured", str(error)) from error
        if "flip" not in answer:
            raise SuperseeError("FLIP cannot be measured", answer.get("error", "its process ended"))
        return float(answer["flip"])

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None and not self._closed:
            pipe = subprocess.PIPE
            self._child = start_module("app.present.flip_process", stdin=pipe, stdout=pipe)
        if self._child is None:
            raise OSError("the window is closing")
        if self._closed:
            self._child.kill()
        return self._child


def _serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    while line := requests.readline():
        head = json.loads(line)
        images = []
        for kind in head["types"]:
            count = int(np.prod(head["shape"])) * np.dtype(kind).itemsize
            images.append(np.frombuffer(requests.read(count), kind).reshape(head["shape"]))
        try:
            answer = {"flip": _flip_of(images[0], images[1], head["exposure"])}
        except Exception as error:  # noqa: BLE001  the process's boundary: told to whoever asked
            answer = {"error": str(error)}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _flip_of(picture: np.ndarray, reference: np.ndarray, exposure: float) -> float:
    from app.measure.image_metrics import display_image, flip

    return flip(display_image(picture, exposure), display_image(reference, exposure))


if __name__ == "__main__":
    answering = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the evaluator prints is no answer
    _serve(sys.stdin.buffer, answering)

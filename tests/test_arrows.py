"""The arrows between packages, as pyproject.toml draws them for import-linter."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_imports_follow_the_arrows() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_nothing_outside_the_window_imports_qt() -> None:
    script = (
        "import sys, app.present.comparison, app.commands.headless, app.render.live_source, app.upscale.neural\n"
        "print([m for m in sys.modules if m.startswith(('PySide6', 'torch', 'models'))])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

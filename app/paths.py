"""Where the program's own files lie, in a checkout and in an installed wheel, and the user's folders."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = _PACKAGE / "_data"
_ROOT = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent

SHADERS = _ROOT / "shaders"
ASSETS = _ROOT / "assets"
SCENES = ASSETS / "scenes"
ENVIRONMENTS = ASSETS / "environments"
# The lab's package ships in the wheel too, so the weights have one place in both cases.
WEIGHTS = _PACKAGE.parent / "models" / "weights"


def settings_folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_config_dir("supersee"))


def cache_folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("supersee"))

"""Builds the built-in scenes and the icon from code: `python -m assets.generator [scene...]`.

World space is glTF's: metres, +Y up, right-handed. Everything random is seeded: the same source gives the same
bytes on every run.
"""

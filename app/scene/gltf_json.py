"""Typed reading of untrusted glTF JSON: every value is checked where it is read, and named where it is wrong.

(pygltflib's dataclasses do not check types, decode no accessors, and take 0.4 ms a node to build.)
"""

from __future__ import annotations

from typing import Any

_LARGEST_INTEGER = 2**53
_LARGEST_NUMBER = 3.5e38  # what a 32-bit float can hold


class BadGltf(Exception):
    """Why a file cannot be used, as a plain clause. gltf.load_gltf turns it into a SuperseeError."""


class JsonObject:
    """A JSON object with the place it was found at, so that complaints can say where."""

    __slots__ = ("data", "where")

    def __init__(self, data: Any, where: str) -> None:
        if not isinstance(data, dict):
            raise BadGltf(f"{where} should be an object, not {_kind(data)}")
        self.data: dict[str, Any] = data
        self.where = where

    def __contains__(self, key: str) -> bool:
        return key in self.data

    def place(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key

    def number(self, key: str, default: float) -> float:
        value = self.data.get(key)
        return default if value is None else _number(value, self.place(key))

    def clamped(self, key: str, default: float, low: float = 0.0, high: float = 1.0) -> float:
        return min(max(self.number(key, default), low), high)

    def integer(self, key: str, default: int | None = None, *, low: int = 0, high: int = _LARGEST_INTEGER) -> int:
        value = self.data.get(key, default)
        return _integer(value, self.place(key), low, high)

    def boolean(self, key: str, default: bool = False) -> bool:
        value = self.data.get(key, default)
        if not isinstance(value, bool):
            raise BadGltf(f"{self.place(key)} should be true or false, not {_kind(value)}")
        return value

    def text(self, key: str, default: str = "") -> str:
        value = self.data.get(key, default)
        if not isinstance(value, str):
            raise BadGltf(f"{self.place(key)} should be text, not {_kind(value)}")
        return value

    def numbers(self, key: str, count: int, default: tuple[float, ...]) -> tuple[float, ...]:
        """Exactly `count` finite numbers."""
        values = self.number_list(key, default)
        if len(values) != count:
            raise BadGltf(f"{self.place(key)} should have {count} numbers, not {len(values)}")
        return values

    def number_list(self, key: str, default: tuple[float, ...] = ()) -> tuple[float, ...]:
        if key not in self.data:
            return default
        return tuple(_number(v, f"{self.place(key)}[{i}]") for i, v in enumerate(self.items(key)))

    def index(self, key: str, count: int) -> int:
        """An index into a list of `count` things, or -1 if there is none."""
        if key not in self.data:
            return -1
        return _index(self.data[key], count, self.place(key))

    def indices(self, key: str, count: int) -> tuple[int, ...]:
        return tuple(_index(v, count, f"{self.place(key)}[{i}]") for i, v in enumerate(self.items(key)))

    def object(self, key: str) -> JsonObject | None:
        return JsonObject(self.data[key], self.place(key)) if key in self.data else None

    def objects(self, key: str) -> list[JsonObject]:
        return [JsonObject(v, f"{self.place(key)}[{i}]") for i, v in enumerate(self.items(key))]

    def texts(self, key: str) -> list[str]:
        values = self.items(key)
        for i, value in enumerate(values):
            if not isinstance(value, str):
                raise BadGltf(f"{self.place(key)}[{i}] should be text, not {_kind(value)}")
        return values

    def extension(self, name: str) -> JsonObject | None:
        extensions = self.object("extensions")
        return extensions.object(name) if extensions is not None else None

    def supersee_extras(self) -> JsonObject | None:
        """Our own additions. Other programs put anything at all into `extras`: theirs is not looked at."""
        extras = self.data.get("extras")
        if not isinstance(extras, dict) or "supersee" not in extras:
            return None
        return JsonObject(extras["supersee"], self.place("extras.supersee"))

    def name(self, fallback: str) -> str:
        """For people only, so a name of the wrong type is replaced, not refused."""
        value = self.data.get("name")
        return value if isinstance(value, str) and value else fallback

    def items(self, key: str) -> list[Any]:
        value = self.data.get(key, [])
        if not isinstance(value, list):
            raise BadGltf(f"{self.place(key)} should be a list, not {_kind(value)}")
        return value


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}
    return names.get(type(value), "a number")


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadGltf(f"{where} should be a number, not {_kind(value)}")
    if not abs(value) <= _LARGEST_NUMBER:  # NaN compares false
        raise BadGltf(f"{where} is not a usable number")
    return float(value)


def _integer(value: object, where: str, low: int, high: int) -> int:
    number = _number(value, where)  # exporters write 3.0 for 3
    if number != int(number):
        raise BadGltf(f"{where} should be a whole number")
    if not low <= number <= high:
        raise BadGltf(f"{where} is {number:.0f}, outside {low} to {high}")
    return int(number)


def _index(value: object, count: int, where: str) -> int:
    number = _number(value, where)
    if number != int(number) or not 0 <= number < count:
        raise BadGltf(f"{where} points at entry {number:g}, but there are {count}")
    return int(number)

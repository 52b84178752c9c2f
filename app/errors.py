"""The one kind of exception that is meant for people.

A programming error is an assertion, an expected outcome is a return value; everything else that can go wrong
outside the program (a bad file, a missing device, a full disk) is a `SuperseeError`. The CLI prints it and exits
with 2; the window shows it and keeps running.
"""


class SuperseeError(Exception):
    """What happened, why, and what to do, each a plain sentence (or part of one)."""

    def __init__(self, what: str, why: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.do = do

    def __str__(self) -> str:
        text = self.what if not self.why else f"{self.what}: {self.why}"
        return text if not self.do else f"{text.rstrip('.')}. {self.do}"

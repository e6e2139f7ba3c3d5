"""Where the command line reads and writes: answers on standard output, everything else on standard error."""

from __future__ import annotations

import io
import os
import sys
from dataclasses import dataclass
from typing import BinaryIO, TextIO

from compegpt.errors import StorageError
from compegpt.printable import printable


@dataclass
class Console:
    given: BinaryIO
    """Standard input, as bytes."""
    out: BinaryIO
    err: TextIO
    typed: bool = False
    """Whether a person types at a terminal."""
    verbosity: int = 0
    owned: bool = False
    """Whether these are the process's own streams, which libraries can be kept from."""
    answered: bool = False
    """Whether anything was written to standard output."""
    _pieces: str = ""

    @classmethod
    def of_process(cls) -> Console:
        """The process's own streams, UTF-8 whatever the locale; a closed one reads and writes nothing."""
        typed = sys.stdin is not None and sys.stdin.isatty()
        given = sys.stdin.buffer if sys.stdin is not None else io.BytesIO()
        err = os.fdopen(_own(2), "w", buffering=1, encoding="utf-8", errors="replace")
        return cls(given, os.fdopen(_own(1), "wb"), err, typed, owned=True)

    def silence_libraries(self, typing: bool) -> None:
        """Nothing but this console reaches standard output, and with less than -vv nothing else standard error.

        Engines and native libraries print there, which would spoil `--json` and bury an error's sentence. While a
        person is `typing`, standard output stays open for the prompt.
        """
        nowhere = os.open(os.devnull, os.O_WRONLY)
        if not typing:
            os.dup2(nowhere, 1)
        if self.verbosity < 2:
            os.dup2(nowhere, 2)

    def typed_line(self, prompt: str) -> str:
        """One line from the terminal. Raises EOFError at its end."""
        try:
            if sys.stdout is not None and sys.stdout.isatty():
                return input(prompt)
            self.err.write(prompt)
            return input()
        except KeyboardInterrupt:
            self.say("")  # what is said next stands on a line of its own
            raise

    def answer(self, text: str) -> None:
        """Write to standard output, less what `piece` has written of it already. Raises StorageError where it takes
        nothing (a full disk); a reader that has gone away is no error."""
        done, self._pieces = self._pieces, ""
        if text.startswith(done):
            self._write(text[len(done):] + "\n")
        else:
            self._write(f"\n\n{text}\n")

    def piece(self, text: str) -> None:
        """Write a piece of an answer that is still being made. Raises as `answer` does."""
        self._pieces += text
        self._write(text)

    def _write(self, text: str) -> None:
        self.answered = True
        try:
            self.out.write(text.encode("utf-8", "replace"))
            self.out.flush()
        except BrokenPipeError:
            self.out = io.BytesIO()
        except OSError as error:
            self.out = io.BytesIO()
            raise StorageError(f"The answer cannot be written to standard output: {error.strerror}.") from error

    def say(self, text: str) -> None:
        """Write to standard error; where nobody listens, nothing."""
        try:
            self.err.write(printable(text) + "\n")
        except OSError:
            self.err = io.StringIO()


def _own(descriptor: int) -> int:
    try:
        return os.dup(descriptor)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY)

"""Ctrl-C during training: the step that is running is finished first, so that no parameter is left half written.

This module imports the standard library alone.
"""

import signal
import threading
from types import FrameType, TracebackType

__all__ = ["Interrupt"]


class Interrupt:
    """While it is open, the first Ctrl-C only sets ``requested``; the second one interrupts at once, as usual.

    It changes nothing in a thread other than the main one, which alone receives signals, nor where somebody else has
    taken the signal over.

    Example:
        >>> with Interrupt() as interrupt:
        ...     interrupt.requested
        False
    """

    def __init__(self) -> None:
        self.requested = False
        self._is_installed = False

    def __enter__(self) -> "Interrupt":
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._note)
            self._is_installed = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._uninstall()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        self._uninstall()

    def _uninstall(self) -> None:
        if self._is_installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._is_installed = False

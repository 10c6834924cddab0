"""Shows progress in a terminal, or as lines where there is none."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress as Bars, SpinnerColumn, TextColumn, TimeElapsedColumn

from cdk_streamer_client.chunks import Chunk
from cdk_streamer_client.messages import (
    Acknowledged,
    Completed,
    Failed,
    InputRequired,
    Message,
    Progress,
    Retrying,
)

WHOLE = 100


class Display(Protocol):
    """What messages are shown on."""

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the screen tidy."""
        ...

    def show(self, message: Message) -> None:
        """Show what was heard."""
        ...

    def note(self, text: str) -> None:
        """Show a line that stays."""
        ...

    def pause(self) -> AbstractContextManager[object]:
        """Leave the screen to somebody else for a while."""
        ...


def display_on(console: Console, *, progress: bool) -> Display:
    """Give what fits the console: a bar on a terminal, lines elsewhere."""
    if not progress:
        return Notes(console)
    return Bar(console) if console.is_terminal else Lines(console)


class Notes:
    """Shows notes alone."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def show(self, message: Message) -> None:
        """Show nothing but what somebody must answer."""
        if isinstance(message, InputRequired):
            self.note(words(message))

    def pause(self) -> AbstractContextManager[object]:
        """Show nothing anyway."""
        return nullcontext()

    def note(self, text: str) -> None:
        """Show a line."""
        self._console.print(printable(text), markup=False, highlight=False, soft_wrap=True)


class Lines(Notes):
    """Shows a line for each tenth, message, step and attempt."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._shown: tuple[object, ...] = ()

    def show(self, message: Message) -> None:
        """Show a message that says something new."""
        if isinstance(message, Completed | Failed | Chunk):
            return
        tenth = None
        if isinstance(message, Progress) and message.percentage is not None:
            tenth = message.percentage // 10
        says = (type(message), tenth, words(message), attempt_of(message))
        if says != self._shown:
            self._shown = says
            parts = (percent(message), words(message), amount(message), attempt_of(message))
            self.note("  ".join(part for part in parts if part))


class Bar(Notes):
    """Shows one bar that moves; without a percentage it swings."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[percent]}", markup=False),
            TextColumn("{task.fields[amount]}", markup=False),
            TextColumn("{task.fields[attempt]}", markup=False),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            # The result goes to stdout, wherever the bar is.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._bars.add_task("Sent", total=None, percent="", amount="", attempt="")

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def show(self, message: Message) -> None:
        """Move the bar."""
        if isinstance(message, Completed | Failed | Chunk):
            return
        if isinstance(message, Retrying | InputRequired):
            self.note(words(message))
        known = message.percentage if isinstance(message, Progress) else None
        self._bars.update(
            self._task,
            total=None if known is None else WHOLE,
            completed=known or 0,
            description=words(message),
            percent=percent(message),
            amount=amount(message),
            attempt=attempt_of(message),
        )

    @contextmanager
    def pause(self) -> Generator[None]:
        """Take the bar away, and bring it back."""
        self._bars.stop()
        try:
            yield
        finally:
            self._bars.start()


def words(message: Message) -> str:
    """Give what a message says to people."""
    match message:
        case Acknowledged():
            return "Queued"
        case Progress(step=step, message=text):
            return printable(": ".join(part for part in (step, text) if part) or "Running")
        case InputRequired(prompt=prompt):
            return printable(prompt or "Waiting for input")
        case Chunk(index=index):
            return f"Chunk {index}"
        case Retrying(attempt=attempt, next_at=next_at):
            at = next_at.astimezone().strftime("%H:%M:%S")
            return f"Attempt {attempt - 1} failed, attempt {attempt} starts at {at}"
        case Completed():
            return "Completed"
        case Failed(error=error):
            return printable(str(error))


def percent(message: Message) -> str:
    """Give the percentage as a person reads it; nothing when nobody knows."""
    if isinstance(message, Progress) and message.percentage is not None:
        return f"{message.percentage:.0f}%"
    return ""


def amount(message: Message) -> str:
    """Give how many units are done, and of how many."""
    if not isinstance(message, Progress) or message.current is None:
        return ""
    done = _counted(message.current)
    if message.total is not None:
        done = f"{done}/{_counted(message.total)}"
    return printable(f"{done} {message.unit or ''}".rstrip())


def attempt_of(message: Message) -> str:
    """Name the attempt when it is not the first."""
    if isinstance(message, Progress) and message.attempt > 1:
        return f"attempt {message.attempt}"
    return ""


def printable(text: str) -> str:
    """Give text of the service without what could steer the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _counted(number: float) -> str:
    rounded = round(number, 2)
    return f"{int(rounded) if rounded == int(rounded) else rounded:,}"

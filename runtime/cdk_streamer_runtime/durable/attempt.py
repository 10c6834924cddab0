"""One invocation of a durable attempt: what its handler steps through, says and asks."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from cdk_streamer_runtime.contract import State
from cdk_streamer_runtime.documents import decode
from cdk_streamer_runtime.durable.course import Course, Direct, check_name, whole_seconds
from cdk_streamer_runtime.durable.question import Question
from cdk_streamer_runtime.durable.record import Record
from cdk_streamer_runtime.durable.recording import recorded, result_of
from cdk_streamer_runtime.durable.steps import NotWritten, Steps
from cdk_streamer_runtime.errors import AwsError, Cancelled, InputTimeout, Interrupted
from cdk_streamer_runtime.progress.progress import Carrier
from cdk_streamer_runtime.requests.inputs import InvalidInput
from cdk_streamer_runtime.requests.request import Request

T = TypeVar("T")


class Announcer(Protocol):
    """What tells of a question, and that it is answered."""

    @property
    def request(self) -> Request:
        """The request as it was last seen."""
        ...

    def announce(self, question: Question) -> None:
        """Store and push a question; raises Interrupted."""
        ...

    def settle(self, question: Question, *, in_vain: bool) -> None:
        """Forget a question that was answered, or `in_vain`: nobody answered in time."""
        ...


class Attempt:
    """The course, the carrier and the asker of a handler that may begin anew at any wait.

    What an earlier invocation said is not said again, and a handler that was interrupted records
    nothing any more: its way would be another one with each replay.
    """

    def __init__(
        self, steps: Steps, carrier: Carrier, announcer: Announcer, clock: Callable[[], int]
    ) -> None:
        """Take the execution, what takes reports away, and what asks clients."""
        self.beyond = steps.faults
        self.wakes_at: int | None = None
        self._steps = steps
        self._carrier = carrier
        self._announcer = announcer
        self._clock = clock
        self._direct = Direct()
        self._interruption: Interrupted | None = None
        self._busy = False
        self._branches = False
        self._sleeps = 0
        self._asks = 0
        self._chunks = 0
        self._chunks_stored = announcer.request.chunks

    # --- course ---------------------------------------------------------------------------------

    def step(self, name: str, function: Callable[[], Any]) -> Any:  # noqa: ANN401 - the author's
        """Do a part of the work once; its value or exception comes from the record ever after."""
        check_name(name)
        if self._interruption is not None:
            return self._direct.step(name, function)
        with self._turn(name):
            text = self._steps.step(name, lambda: recorded(name, function))
        return result_of(text)

    def sleep(self, seconds: float) -> None:
        """Suspend the execution."""
        self._refuse_interrupted()
        whole = whole_seconds(seconds)
        self._sleeps += 1
        name = f"sleep-{self._sleeps}"
        with self._turn(name):
            self.wakes_at = self._clock() + whole * 1000
            self._steps.sleep(name, whole)
            self.wakes_at = None

    def map(
        self,
        name: str,
        count: int,
        branch: Callable[[Course, int], T],
        *,
        at_once: int,
        nested: bool = False,
    ) -> list[T]:
        """Do the parts side by side, each with a record of its own."""
        self._refuse_interrupted()
        with self._turn(name):
            self._branches = True
            try:
                course = Record(self._steps, self.check)
                return course.map(name, count, branch, at_once=at_once, nested=nested)
            finally:
                self._branches = False

    def invoke(
        self, name: str, function: str, payload: object, otherwise: Callable[[], Any]
    ) -> Any:  # noqa: ANN401 - what the function answers
        """Suspend the execution until a function has answered."""
        self._refuse_interrupted()
        with self._turn(name):
            return Record(self._steps).invoke(name, function, payload, otherwise)

    def remaining(self) -> int:
        """Give the milliseconds that this invocation has left."""
        return self._steps.remaining()

    # --- asker ----------------------------------------------------------------------------------

    def ask(self, schema: object, prompt: str | None, timeout: float | None) -> Any:  # noqa: ANN401 - as the schema says
        """Ask until an answer fits; raises InputTimeout."""
        while True:
            self._refuse_interrupted()
            self._asks += 1
            question = Question.of(self._input_id(), schema, prompt)
            with self._interruptible():
                text = self._answer(question, None if timeout is None else whole_seconds(timeout))
            try:
                return question.read(decode(text))
            except InvalidInput as refused:
                fault = refused.faults[0]
                prompt = f"{prompt or 'the answer did not fit'} ({fault.path}: {fault.message})"

    def _answer(self, question: Question, timeout: int | None) -> str:
        name = f"ask-{self._asks}"
        with self._turn(name):
            pending = self._steps.callback(name, timeout)
            if not pending.is_done() and not question.is_known_to(self._announcer.request):
                with _written():
                    self._announcer.announce(question.under(pending.id))
            try:
                text = pending.result()
            except InputTimeout:
                self._settle(question, in_vain=True)
                raise
            self._settle(question, in_vain=False)
            return text

    def _settle(self, question: Question, *, in_vain: bool) -> None:
        with _written():
            self._announcer.settle(question, in_vain=in_vain)

    def _input_id(self) -> str:
        return f"{self._announcer.request.attempt}-{self._asks}"

    # --- carrier --------------------------------------------------------------------------------

    def offer(self, report: Mapping[str, Any]) -> None:
        """Take a report, unless an earlier invocation has told it."""
        if self._is_live():
            with self._interruptible():
                self._carrier.offer(report)

    def put(self, chunk: str) -> None:
        """Take a chunk, unless an earlier invocation has stored it."""
        self._chunks += 1
        if self._chunks > self._chunks_stored:
            with self._interruptible():
                self._carrier.put(chunk)

    def check(self) -> None:
        """Raise Interrupted once the result is no longer wanted, but not where that is past."""
        if self._is_live():
            with self._interruptible():
                self._carrier.check()

    def _is_live(self) -> bool:
        """Tell whether what happens is new; branches know themselves what of theirs is."""
        return self._branches or not self._steps.is_replaying()

    @contextmanager
    def _interruptible(self) -> Generator[None]:
        try:
            yield
        except Interrupted as interruption:
            self._interruption = interruption
            raise

    def _refuse_interrupted(self) -> None:
        if self._interruption is not None:
            raise self._interruption
        if self._announcer.request.state is State.CANCELLING and not self._steps.is_replaying():
            self._interruption = Cancelled(
                self._announcer.request.cancel_reason or "the client cancelled the request"
            )
            raise self._interruption

    @contextmanager
    def _turn(self, name: str) -> Generator[None]:
        if self._busy:
            raise RuntimeError(
                f"{name!r} was begun while another step runs; the steps of a durable handler "
                "follow one another, in one thread and never inside each other"
            )
        self._busy = True
        try:
            yield
        finally:
            self._busy = False


@contextmanager
def _written() -> Generator[None]:
    try:
        yield
    except AwsError as error:
        raise NotWritten(str(error)) from error

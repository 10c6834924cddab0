"""What a handler asks somebody, and the answer that fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from cdk_streamer_runtime.contract import ASK_BYTES
from cdk_streamer_runtime.documents import encode, size
from cdk_streamer_runtime.durable.schema import faults_of
from cdk_streamer_runtime.requests.inputs import Input, InvalidInput
from cdk_streamer_runtime.requests.request import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question under its `input_id`; `callback_id` is where its answer goes, for us alone."""

    input_id: str
    schema: Mapping[str, Any]
    prompt: str | None
    input: Input | None
    callback_id: str = ""

    @classmethod
    def of(cls, input_id: str, schema: object, prompt: str | None) -> Question:
        """Ask for a type or for a JSON Schema; raises TypeError, ValueError for what cannot be."""
        if isinstance(schema, Mapping):
            document, reader = dict(cast("Mapping[str, Any]", schema)), None
        else:
            reader = Input.of(schema)
            document = reader.schema()
        question = cls(input_id=input_id, schema=document, prompt=prompt, input=reader)
        length = size(encode(question.stored))
        if length > ASK_BYTES:
            raise ValueError(
                f"a question has at most {ASK_BYTES} bytes with its schema, got {length}"
            )
        return question

    @property
    def stored(self) -> dict[str, Any]:
        """What the request's item keeps of it."""
        prompt = {} if self.prompt is None else {"prompt": self.prompt}
        return {
            "input_id": self.input_id,
            "schema": self.schema,
            **prompt,
            "callback_id": self.callback_id,
        }

    def under(self, callback_id: str) -> Question:
        """Give the question with the address of its answer."""
        return replace(self, callback_id=callback_id)

    def is_known_to(self, request: Request) -> bool:
        """Tell whether it was asked already, and perhaps answered."""
        known = (request.input or {}).get("input_id"), (request.answer or {}).get("input_id")
        return self.input_id in known

    def read(self, value: object) -> Any:  # noqa: ANN401 - as the schema says
        """Give an answer as its type; raises InvalidInput."""
        if self.input is not None:
            return self.input.read(value)
        faults = faults_of(value, self.schema)
        if faults:
            raise InvalidInput(faults)
        return value

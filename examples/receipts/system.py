"""The stack while it runs, as the demo uses it: a request, the circuit, the queues."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdk_streamer_client import StreamerClient
from cdk_streamer_client.display import Display
from cdk_streamer_local import LocalStack
from examples.receipts.database.server import Address
from examples.receipts.record import CLOSED

STATUS = json.dumps({"command": "status"})
COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


@dataclass(frozen=True, slots=True)
class System:
    """A running stack."""

    stack: LocalStack

    def tell(self, address: Address) -> None:
        """Write where the database is, as its keepers would."""
        self.stack.client("secretsmanager").put_secret_value(
            SecretId=self.stack.outputs["Secret"], SecretString=address.to_text()
        )

    async def request(self, action: str, archive: Path, display: Display) -> dict[str, Any]:
        """Upload an archive, ask for its receipts to be stored, and show how it comes along."""
        token, stack = self.stack.token(sub="ann", tenant="acme"), self.stack
        async with StreamerClient(url=stack.socket_url(), token=token, ssl=stack.tls) as client:
            upload = await client.upload(archive, type="application/zip")
            with display:
                request = client.submit(action, {"upload": upload})
                async for message in request:
                    display.show(message)
            return await request.result()

    def circuit(self) -> str:
        """Ask the sink's controller how its circuit stands."""
        answer = self.stack.client("lambda").invoke(
            FunctionName=self.stack.outputs["Controller"], Payload=STATUS
        )
        told = json.loads(answer["Payload"].read())
        return told["circuit"]["state"] if "circuit" in told else CLOSED

    def waiting(self, queues: Sequence[str]) -> int:
        """Count what is in some queues, by the names of the outputs."""
        sqs = self.stack.client("sqs")
        total = 0
        for queue in queues:
            counts = sqs.get_queue_attributes(
                QueueUrl=self.stack.outputs[queue], AttributeNames=list(COUNTS)
            )["Attributes"]
            total += sum(int(counts[name]) for name in COUNTS)
        return total

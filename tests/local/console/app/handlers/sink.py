"""Delivers to a ledger that is away when a message says so."""

from cdk_streamer_runtime.sinks import DownstreamUnavailable, Permanent, Sink, SinkRecord

sink = Sink()


@sink.deliver
def deliver(record: SinkRecord) -> None:
    match record.data.get("answer"):
        case "away":
            raise DownstreamUnavailable("the ledger is away")
        case "never":
            raise Permanent("no such account")
        case _:
            print(f"booked {record.data}")

"""What a ThrottledSink measures, as methods of the construct."""

from __future__ import annotations

from aws_cdk import Duration, aws_cloudwatch as cloudwatch

from cdk_streamer._operations.metrics import sink_metric
from cdk_streamer._sinks.parts import Parts
from cdk_streamer_runtime.contract.sinks import SinkMetric


class SinkMetrics:
    """One method a metric; `.with_(...)` changes the rest of what it gives."""

    _parts: Parts

    def metric_delivered(self) -> cloudwatch.Metric:
        """Count messages that the downstream took."""
        return self._metric(SinkMetric.DELIVERED)

    def metric_delivery_rate(self, period: Duration | None = None) -> cloudwatch.MathExpression:
        """Give how many messages a second the downstream took, in each five minutes by default."""
        return delivery_rate(self._parts.name, period or Duration.minutes(5))

    def metric_repeated(self) -> cloudwatch.Metric:
        """Count messages that had been delivered before, where `idempotency` is set."""
        return self._metric(SinkMetric.REPEATED)

    def metric_rejected(self) -> cloudwatch.Metric:
        """Count messages that nobody will ever take, which wait in `rejected_queue`."""
        return self._metric(SinkMetric.REJECTED)

    def metric_failed(self) -> cloudwatch.Metric:
        """Count deliveries that failed and are tried again."""
        return self._metric(SinkMetric.FAILED)

    def metric_unavailable(self) -> cloudwatch.Metric:
        """Count those of them that count against the downstream."""
        return self._metric(SinkMetric.UNAVAILABLE)

    def metric_handed_back(self) -> cloudwatch.Metric:
        """Count messages that were not tried, since no time was left or the circuit was open."""
        return self._metric(SinkMetric.HANDED_BACK)

    def metric_throttled(self) -> cloudwatch.Metric:
        """Count messages that were not tried, since the rate left no room in time."""
        return self._metric(SinkMetric.THROTTLED)

    def metric_pace_wait(self, statistic: str = "p99") -> cloudwatch.Metric:
        """Give how long batches waited for their turn, in milliseconds."""
        return self._metric(SinkMetric.PACE_WAIT, statistic)

    def metric_delivery_time(self, statistic: str = "p99") -> cloudwatch.Metric:
        """Give how long a call of your function takes, in milliseconds."""
        return self._metric(SinkMetric.DELIVERY_TIME, statistic)

    def metric_circuit_opened(self) -> cloudwatch.Metric:
        """Count how often the circuit opened."""
        return self._metric(SinkMetric.CIRCUIT_OPENED)

    def metric_circuit_open(self) -> cloudwatch.Metric:
        """Give 1 while polling is paused, by the circuit or by an operator, else 0."""
        return self._metric(SinkMetric.CIRCUIT_OPEN, "Maximum")

    def metric_probes(self) -> cloudwatch.Metric:
        """Count how often it was tried whether the downstream is back."""
        return self._metric(SinkMetric.PROBES)

    def metric_oldest_message_age(self) -> cloudwatch.Metric:
        """Give how long the oldest message has waited, in seconds."""
        queue = self._parts.storage.messages.queue
        return queue.metric_approximate_age_of_oldest_message(statistic="Maximum")

    def metric_waiting(self) -> cloudwatch.Metric:
        """Give how many messages wait."""
        queue = self._parts.storage.messages.queue
        return queue.metric_approximate_number_of_messages_visible(statistic="Maximum")

    def _metric(self, metric: SinkMetric, statistic: str = "Sum") -> cloudwatch.Metric:
        return sink_metric(self._parts.name, metric, statistic)


def delivery_rate(name: str, period: Duration) -> cloudwatch.MathExpression:
    """Give how many messages a second the sink that calls itself `name` delivered."""
    return cloudwatch.MathExpression(
        expression="delivered / PERIOD(delivered)",
        label="DeliveryRate",
        using_metrics={"delivered": sink_metric(name, SinkMetric.DELIVERED)},
        period=period,
    )

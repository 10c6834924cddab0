"""The timers' callback."""

from cdk_streamer_runtime import TimerFiring, timer_handler


@timer_handler
def handler(firing: TimerFiring) -> None:
    print(f"fired {firing.data}")

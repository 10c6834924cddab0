"""When timers fire, as pure functions of time, and the wheel that they lie in."""

"""What a sink is written with, and how messages are sent to one."""

"""Schedules of EventBridge Scheduler and rules of EventBridge."""

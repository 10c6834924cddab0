"""Polls a third party's feeds by thousands of timers, and shows when each poll came."""

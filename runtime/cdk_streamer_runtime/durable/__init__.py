"""Requests that outlive an invocation: steps, sleeps and questions, on Lambda durable functions."""

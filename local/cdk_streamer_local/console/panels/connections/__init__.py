"""Open connections of WebSocket APIs, what each hears of, and the channels of an app."""

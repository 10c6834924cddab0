"""Asks the machine's resolver for the addresses of a name, for no longer than one may wait."""

from __future__ import annotations

import queue
import socket
import threading

THREAD_NAME = "webhook-resolver"


def resolve(host: str, timeout: float) -> list[str]:
    """Give all addresses of a name, each once; raises OSError."""
    answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()
    # The system's resolver takes no timeout: only a thread can be left behind when it hangs.
    threading.Thread(target=lambda: answers.put(_ask(host)), name=THREAD_NAME, daemon=True).start()
    try:
        answer = answers.get(timeout=timeout)
    except queue.Empty:
        raise TimeoutError("the name was not resolved in time") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _ask(host: str) -> list[str] | OSError:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        return error
    except UnicodeError:
        return OSError("the name cannot be encoded")
    return list(dict.fromkeys(str(address[0]) for *_, address in found))

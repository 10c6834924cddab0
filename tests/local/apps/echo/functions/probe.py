"""Does what it is told, for tests of the engine itself."""

import importlib
import logging
import os
import signal
import socket
import threading

import boto3

logger = logging.getLogger(__name__)


def handler(event, context):
    match event["do"]:
        case "put":
            table = os.environ[event["table"]]
            boto3.client("dynamodb").put_item(TableName=table, Item={"pk": {"S": event["pk"]}})
            return "put"
        case "facts":
            return facts(context)
        case "import":
            return importlib.import_module(event["module"]).__name__
        case "log":
            print(event["text"])
            logger.info("a record", extra={"size": 3})
            logger.warning("a warning")
            return None
        case "raise":
            raise RuntimeError(event["text"])
        case "resolve":
            return socket.getaddrinfo(event["host"], 443)
        case "alarm":
            rung = []
            signal.signal(signal.SIGALRM, lambda *_: rung.append("rang"))
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            while not rung:
                signal.pause()
            return rung[0]
    return None


def facts(context):
    return {
        "pid": os.getpid(),
        "main_thread": threading.current_thread() is threading.main_thread(),
        "environment": dict(os.environ),
    }

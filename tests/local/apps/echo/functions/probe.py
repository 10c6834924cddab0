"""Does what it is told, for tests of the engine itself."""

import importlib
import logging
import os
import signal
import sys
import threading

import boto3

logger = logging.getLogger(__name__)


def handler(event, context):
    match event["do"]:
        case "put":
            table = boto3.resource("dynamodb").Table(os.environ[event["table"]])
            table.put_item(Item={"pk": event["pk"]})
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
        case "alarm":
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            try:
                signal.sigtimedwait({signal.SIGALRM}, 1)
            except KeyboardInterrupt:
                pass
            return "rang"
    return None


def facts(context):
    return {
        "python": sys.version_info[:2],
        "pid": os.getpid(),
        "main_thread": threading.current_thread() is threading.main_thread(),
        "alarm": signal.getsignal(signal.SIGALRM) is signal.SIG_DFL,
        "path": sys.path,
        "cwd": os.getcwd(),
        "environment": dict(os.environ),
        "remaining": context.get_remaining_time_in_millis(),
        "request_id": context.aws_request_id,
    }

"""The rules that hold the packages apart, read from the source without importing it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "cdk_streamer": ROOT / "cdk_streamer",
    "cdk_streamer_runtime": ROOT / "runtime" / "cdk_streamer_runtime",
    "cdk_streamer_local": ROOT / "local" / "cdk_streamer_local",
    "cdk_streamer_client": ROOT / "clients" / "python" / "cdk_streamer_client",
}
RUNTIME = "cdk_streamer_runtime"
CONTRACT = f"{RUNTIME}.contract"
POLLERS = "cdk_streamer_local.pollers"
ENGINE_PARTS = "cdk_streamer_local.engine"
AWS = f"{RUNTIME}.aws"

CLOUD_LIBRARIES = ("aws_cdk", "constructs", "jsii", "cdk_streamer")
SDK = ("boto3", "botocore")
# What touches the world, or gives another answer each time it is asked.
OUTSIDE = (
    *("asyncio", "http", "os", "select", "selectors", "shutil", "socket", "ssl"),
    *("random", "secrets", "subprocess", "tempfile", "threading", "time", "uuid"),
    *("urllib.request", "cryptography", "jwt", *SDK, AWS, f"{RUNTIME}.dynamodb"),
)
PURE = (
    *("auth.base64url", "auth.claims", "auth.denial", "auth.json_object", "auth.token"),
    "breaker",
    *("batches.item", "batches.part", "batches.plan", "batches.result"),
    *("limits.limit", "limits.pace", "limits.quota"),
    *("progress.coalescer", "requests.request", "requests.retry", "requests.transitions"),
    "sockets.messages",
    *(
        "timers.rest.answers",
        "timers.rest.batch",
        "timers.rest.body",
        "timers.rest.changes",
        "timers.service.conditions",
    ),
    *(
        "timers.schedules.cron",
        "timers.definition",
        "timers.firing",
        "timers.schedules.schedule",
        "timers.schedules.wheel",
    ),
    *(
        "timers.schedules.classes",
        "timers.service.edits",
        "timers.service.entries",
        "timers.table.items",
        "timers.timer",
    ),
    *("timers.sending.message", "timers.callbacks.verdict"),
    *("streams.claims.claim", "streams.claims.compression"),
    *(
        "streams.faults.contents",
        "streams.faults.fault",
        "streams.faults.names",
        "streams.faults.parked",
        "streams.faults.quotations",
        "streams.faults.redaction",
        "streams.faults.resubmission",
        "streams.faults.trimming",
        "streams.faults.wording",
    ),
    *(
        "streams.store.correlations",
        "streams.store.evaluation",
        "streams.store.images",
        "streams.store.keys",
        "streams.store.rows",
    ),
    *("streams.event", "streams.json_text", "streams.moments", "streams.outcome", "streams.uow"),
    *("streams.answers", "streams.detection", "streams.faults.defaults", "streams.faults.policy"),
    *("streams.engine.calls", "streams.engine.course", "streams.engine.deadline"),
    *("streams.engine.insistence", "streams.engine.lanes", "streams.engine.packing"),
    *("streams.engine.stretch", "streams.pipelines.pipeline", "streams.pipelines.steps"),
    *(
        "streams.sources.alarms",
        "streams.sources.cron",
        "streams.place",
        "streams.sources.dynamodb",
        "streams.sources.dynamodb_records",
        "streams.sources.eventbridge",
        "streams.sources.kinesis",
        "streams.sources.s3",
        "streams.sources.sns",
        "streams.sources.sqs",
        "streams.routing.patterns",
        "streams.pipelines.filters",
    ),
    *("sinks.app", "sinks.deadline", "sinks.outcome", "sinks.outgoing", "sinks.pacing"),
    *("sinks.record", "sinks.standing"),
)
# What decides between a shard and a function; the rest of the pollers does it.
# What runs in the engine's process, which has neither the command's packages nor the runtime.
WITHIN_THE_ENGINE = (
    *("background", "cors", "message_moves", "occasions", "punctual", "queue_lock", "rights"),
    *("durable_chained", "durable_front", "durable_messages", "durable_places", "durable_rights"),
    *("connection_rights", "socket_bridge", "socket_signers"),
    *("queue_glances", "unpacking"),
)
PURE_POLLERS = ("answer", "failure", "lane", "patterns", "readers", "record", "settings", "shard")
# What runs in the gateway's process, which has what the engine's has.
BEYOND_THE_GATEWAY = ("gateway", "gateway.process", "gateway.serve")
WITH_THE_GATEWAY = ("cdk_streamer_local.pollers.chaos", "cdk_streamer_local.pollers.teller")
PURE_GATEWAY = (
    *("authorizers", "client", "framing", "handshake", "request", "routing", "settings"),
    *("signature", "throttle", "wire"),
)
# What each part of the runtime loads of the others.
PARTS = {
    "auth": (),
    "limits": (),
    "progress": (),
    "sockets": ("progress",),
    "requests": ("limits", "progress", "sockets"),
    "webhooks": ("limits", "progress", "sockets", "requests"),
    "http": ("auth", "limits", "progress", "sockets", "requests"),
    "timers": (),
    "streams": (),
    "batches": ("limits",),
    "sinks": ("limits",),
}

# The same for the constructs: resources know no feature, features only those below them.
CONSTRUCT_PARTS = {
    "_arguments": (),
    "_code": (),
    "_resources": ("_code",),
    "_operations": ("_resources",),
    "_auth": ("_code", "_resources"),
    "_sockets": ("_resources",),
    "_webhooks": ("_code", "_resources"),
    "_requests": ("_arguments", "_code", "_operations", "_resources", "_sockets", "_webhooks"),
    "_http": ("_auth", "_code", "_requests", "_resources"),
    "_timers": ("_arguments", "_auth", "_code", "_operations", "_resources"),
    "_streams": ("_arguments", "_code", "_operations", "_resources"),
    "_batches": ("_arguments", "_code", "_operations", "_resources", "_sockets"),
    "_sinks": ("_arguments", "_code", "_operations", "_resources"),
}

FILE_LINES = 300
FUNCTION_LINES = 40
HANDLER_LINES = 40


# --- what the source says ----------------------------------------------------------------------


@cache
def modules() -> dict[str, Path]:
    """Give every module of the four packages by its dotted name."""
    return {
        ".".join(path.relative_to(folder.parent).with_suffix("").parts).removesuffix(
            ".__init__"
        ): path
        for folder in PACKAGES.values()
        for path in sorted(folder.rglob("*.py"))
    }


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text(), filename=module)


def names(statement: ast.AST, module: str) -> Iterator[str]:
    """Give what the statement imports, as dotted names; of `from a import b`, both a and a.b."""
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names)
    elif isinstance(statement, ast.ImportFrom):
        is_package = modules()[module].name == "__init__.py"
        above = module.split(".")[: None if is_package else -1]
        above = above[: len(above) - max(statement.level - 1, 0)] if statement.level else []
        source = ".".join([*above, *([statement.module] if statement.module else [])])
        yield source
        yield from (f"{source}.{alias.name}" for alias in statement.names)


@cache
def imports(module: str) -> frozenset[str]:
    """Give every name that the module imports, wherever the import stands."""
    return frozenset(name for node in ast.walk(tree(module)) for name in names(node, module))


@cache
def imports_when_loaded(module: str) -> frozenset[str]:
    """Give the names that importing the module imports: not those in functions or for types."""

    def executed(body: list[ast.stmt]) -> Iterator[ast.stmt]:
        for statement in body:
            yield statement
            if isinstance(statement, ast.If) and "TYPE_CHECKING" not in ast.dump(statement.test):
                yield from executed([*statement.body, *statement.orelse])
            elif isinstance(statement, ast.Try):
                handled = [line for handler in statement.handlers for line in handler.body]
                yield from executed([*statement.body, *handled, *statement.orelse])
            elif isinstance(statement, ast.ClassDef | ast.With):
                yield from executed(statement.body)

    return frozenset(name for node in executed(tree(module).body) for name in names(node, module))


def below(name: str, *roots: str) -> bool:
    """Tell whether the dotted name is one of the roots or inside one."""
    return any(name == root or name.startswith(f"{root}.") for root in roots)


def of(package: str) -> list[str]:
    return [module for module in modules() if below(module, package)]


def reached(module: str) -> set[str]:
    """Give what the module imports, directly or through the runtime; the contract is a value."""
    found, waiting = set[str](), [module]
    while waiting:
        for name in imports_when_loaded(waiting.pop()) - found - {*of(CONTRACT)}:
            found.add(name)
            if name in modules():
                waiting.append(name)
    return found


def offenders(where: list[str], *forbidden: str) -> list[str]:
    return sorted(
        f"{module} imports {name}"
        for module in where
        for name in imports(module)
        if below(name, *forbidden)
    )


# --- 1: the runtime runs without the cloud development kit ----------------------------------------


def test_the_runtime_never_imports_constructs():
    assert offenders(of(RUNTIME), *CLOUD_LIBRARIES) == []


def test_the_clients_know_neither_constructs_nor_the_engine():
    assert offenders(of("cdk_streamer_client"), *CLOUD_LIBRARIES, "cdk_streamer_local") == []


def test_constructs_know_neither_clients_nor_the_engine():
    assert offenders(of("cdk_streamer"), "cdk_streamer_client", "cdk_streamer_local") == []


def test_the_runtime_knows_neither_clients_nor_the_engine():
    assert offenders(of(RUNTIME), "cdk_streamer_client", "cdk_streamer_local") == []


# --- 2: the contract is all that both sides share -------------------------------------------------


def test_constructs_import_the_contract_and_nothing_else_of_the_runtime():
    foreign = {
        f"{module} imports {name}"
        for module in of("cdk_streamer")
        for name in imports(module)
        if below(name, RUNTIME) and name != RUNTIME and not below(name, CONTRACT)
    }
    assert foreign == set()


def test_the_contract_imports_the_standard_library_alone():
    names = {name for module in of(CONTRACT) for name in imports(module)}
    foreign = {name.partition(".")[0] for name in names if not below(name, CONTRACT)}
    assert foreign - sys.stdlib_module_names == set()


def test_synthesis_executes_no_code_of_the_user():
    # The package's own __init__ may import its submodules late; nothing else imports by name.
    executors = {"exec", "eval", "__import__", "import_module", "exec_module", "run_path"}
    called = {
        f"{module} calls {node.func.id if isinstance(node.func, ast.Name) else node.func.attr}"
        for module in of("cdk_streamer")
        if module != "cdk_streamer"
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
    }
    assert (
        called & {f"{module} calls {name}" for module in modules() for name in executors} == set()
    )


# --- 3: the runtime starts with the standard library ----------------------------------------------


def test_importing_the_runtime_needs_the_standard_library_alone():
    # -S leaves site-packages out: boto3 and aws_cdk are not blocked one by one but absent.
    source = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'runtime')!r})\n"
        "from cdk_streamer_runtime import *\n"
        "strangers = {'boto3', 'botocore', 'aws_cdk', 'jsii'} & sys.modules.keys()\n"
        "sys.exit(', '.join(strangers) or 0)"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", source], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")


def test_the_runtime_loads_third_party_packages_only_to_verify_signatures():
    strangers = {
        f"{module} imports {name}"
        for module in of(RUNTIME)
        for name in imports_when_loaded(module)
        if name.partition(".")[0] not in {*sys.stdlib_module_names, RUNTIME}
        and not (below(module, f"{RUNTIME}.auth") and below(name, "cryptography", "jwt"))
    }
    assert strangers == set()


# --- 4: one door to AWS, one to the environment ---------------------------------------------------


def test_boto3_is_imported_by_the_aws_module_alone():
    assert offenders([module for module in of(RUNTIME) if module != AWS], *SDK) == []


def test_the_aws_module_imports_boto3_late():
    assert [name for name in imports_when_loaded(AWS) if below(name, *SDK)] == []


def test_the_environment_is_read_by_the_contract_alone():
    readers = {
        f"{module} uses os.{node.attr}"
        for module in of(RUNTIME)
        if not below(module, CONTRACT)
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"}
    }
    readers |= set(
        offenders([m for m in of(RUNTIME) if not below(m, CONTRACT)], "os.environ", "os.getenv")
    )
    assert readers == set()


def test_dynamodb_expressions_stand_in_store_modules():
    expression = re.compile(r"(attribute_(not_)?exists|if_not_exists|list_append)\(|^SET \S+ =")
    own = (f"{RUNTIME}.dynamodb", f"{RUNTIME}.memory", f"{RUNTIME}.testing")
    strays = {
        f"{module}: {node.value[:60]!r}"
        for module in of(RUNTIME)
        if f"{RUNTIME}.dynamodb" not in imports(module) and not below(module, *own)
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and expression.search(node.value)
    }
    assert strays == set()


# --- 5: handlers know the domain, the domain knows values -----------------------------------------


def test_the_domain_never_imports_handlers():
    handlers = f"{RUNTIME}.handlers"
    domain = [module for module in of(RUNTIME) if not below(module, handlers)]
    assert offenders(domain, handlers) == []


def test_a_handler_fits_on_one_screen():
    handlers = of(f"{RUNTIME}.handlers")
    lengths = {module: len(modules()[module].read_text().splitlines()) for module in handlers}
    assert {name: lines for name, lines in lengths.items() if lines > HANDLER_LINES} == {}


@pytest.mark.parametrize("noun", PURE)
def test_pure_modules_reach_nothing_outside_the_process(noun: str):
    outside = [name for name in reached(f"{RUNTIME}.{noun}") if below(name, *OUTSIDE)]
    assert outside == []


@pytest.mark.parametrize("noun", PURE_POLLERS)
def test_what_a_shard_does_is_decided_without_the_outside(noun: str):
    outside = [name for name in reached(f"{POLLERS}.{noun}") if below(name, *OUTSIDE)]
    assert outside == []


def test_pollers_run_where_nothing_of_the_command_is_installed():
    strangers = {
        name
        for module in of(POLLERS)
        for name in imports(module)
        if not below(name, POLLERS) and name.partition(".")[0] not in sys.stdlib_module_names
    }
    assert strangers <= {"cdk_streamer_local"}


@pytest.mark.parametrize("noun", WITHIN_THE_ENGINE)
def test_parts_of_the_engine_run_where_nothing_of_the_command_is_installed(noun: str):
    known = {f"{ENGINE_PARTS}.{each}" for each in WITHIN_THE_ENGINE}
    known |= {"cdk_streamer_local.gateway.framing"}  # which both processes speak
    strangers = {
        name
        for name in imports(f"{ENGINE_PARTS}.{noun}")
        if not below(name, *known) and name.partition(".")[0] not in sys.stdlib_module_names
    }
    assert strangers <= {"cdk_streamer_local", ENGINE_PARTS.rpartition(".")[0], ENGINE_PARTS}


@pytest.mark.parametrize(
    "module",
    [
        module
        for module in of("cdk_streamer_local.gateway")
        if module.removeprefix("cdk_streamer_local.") not in BEYOND_THE_GATEWAY
    ],
)
def test_the_gateway_runs_where_nothing_of_the_command_is_installed(module: str):
    known = ("cdk_streamer_local.gateway", *WITH_THE_GATEWAY, "websockets")
    strangers = {
        name
        for name in imports(module)
        if not below(name, *known) and name.partition(".")[0] not in sys.stdlib_module_names
    }
    assert strangers <= {"cdk_streamer_local.pollers"}


@pytest.mark.parametrize("noun", PURE_GATEWAY)
def test_what_the_gateway_decides_by_values_alone_touches_nothing(noun: str):
    assert offenders([f"cdk_streamer_local.gateway.{noun}"], *OUTSIDE) == []


# --- 6: parts do not know each other --------------------------------------------------------------


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_the_runtime_loads_only_the_parts_below_it(part: str):
    others = [f"{RUNTIME}.{name}" for name in PARTS if name != part and name not in PARTS[part]]
    loaded = {
        f"{module} imports {name}"
        for module in of(f"{RUNTIME}.{part}")
        for name in imports_when_loaded(module)
        if below(name, *others)
    }
    assert loaded == set()


@pytest.mark.parametrize("name", ["timer_api", "timer_dispatcher", "timer_ticker"])
def test_a_function_for_timers_starts_without_the_parts_for_requests(name: str):
    parts = ("auth", "durable", "http", "limits", "requests", "sockets", "webhooks")
    loaded = reached(f"{RUNTIME}.handlers.{name}")
    assert {
        each for each in loaded if below(each, *(f"{RUNTIME}.{part}" for part in parts))
    } == set()


@pytest.mark.parametrize("part", CONSTRUCT_PARTS)
def test_a_part_of_the_constructs_loads_only_the_parts_below_it(part: str):
    below_it = {part, *CONSTRUCT_PARTS[part]}
    others = [f"cdk_streamer.{name}" for name in CONSTRUCT_PARTS if name not in below_it]
    assert offenders(of(f"cdk_streamer.{part}"), *others) == []


def test_every_part_of_the_constructs_has_its_place():
    packages = {path.parent.name for path in PACKAGES["cdk_streamer"].glob("*/__init__.py")}
    assert packages == CONSTRUCT_PARTS.keys()


def test_only_the_construct_that_composes_the_parts_imports_parts():
    parts = {
        module
        for module in of("cdk_streamer")
        if "._" not in module
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ClassDef) and "Construct" in {ast.unparse(b) for b in node.bases}
    }
    composers = {"cdk_streamer", "cdk_streamer.async_request_api"}
    assert offenders([m for m in of("cdk_streamer") if m not in composers], *parts) == []


# --- packages -------------------------------------------------------------------------------------


def test_a_package_file_imports_and_names_and_does_nothing_else():
    # PEP 562's __getattr__ imports late, by a table, and names the same for type checkers.
    allowed = re.compile(
        r"""["']|import |from |__all__ =|if TYPE_CHECKING:|_[A-Z]+ = {|def __(getattr|dir)__"""
    )
    busy = {
        f"{module}: {ast.unparse(statement)[:60]}"
        for module, path in modules().items()
        if path.name == "__init__.py"
        for statement in tree(module).body
        if not allowed.match(ast.unparse(statement))
    }
    assert busy == set()


# --- size -----------------------------------------------------------------------------------------


def test_files_are_short():
    lengths = {name: len(path.read_text().splitlines()) for name, path in modules().items()}
    assert {name: lines for name, lines in lengths.items() if lines > FILE_LINES} == {}


def test_functions_are_short():
    # Signature and docstring are left out: a construct's many keywords are a table, not a program.
    def lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
        body = function.body[1:] if ast.get_docstring(function) else function.body
        return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0

    functions = {
        f"{module}.{node.name}": lines(node)
        for module in modules()
        for node in ast.walk(tree(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: size for name, size in functions.items() if size > FUNCTION_LINES} == {}

"""What is kept for this machine and user: certificate, port, assembly, record."""

from __future__ import annotations

import io
import json
import os
import socket
import ssl
import stat
import subprocess
import sys
import threading
import zipfile

import pytest

from cdk_streamer_local.cloud.apis import Addresses, Api
from cdk_streamer_local.cloud.archives import archive, files_of
from cdk_streamer_local.cloud.assembly import Assembly
from cdk_streamer_local.cloud.synthesis import App
from cdk_streamer_local.engine.certificate import server_certificate
from cdk_streamer_local.engine.port import listen
from cdk_streamer_local.errors import BadArgument, NotRunning, PortTaken, SynthesisFailed
from cdk_streamer_local.record import Place, Record, running
from tests.local import assemblies

ENDPOINT = "https://127.0.0.1:4566"


# --- certificate


@pytest.fixture
def certificate(monkeypatch, tmp_path):
    monkeypatch.setenv("CDK_STREAMER_CACHE", str(tmp_path))
    return server_certificate()


def test_the_certificate_is_made_once(certificate):
    before = certificate.certificate.read_bytes()

    assert server_certificate().certificate.read_bytes() == before


def test_a_damaged_certificate_is_made_anew(certificate):
    certificate.certificate.write_text("nonsense")

    assert server_certificate().certificate.read_text().startswith("-----BEGIN CERTIFICATE")


def test_only_the_user_reads_the_key_and_no_key_of_the_authority_is_kept(certificate):
    files = {
        file.name: stat.S_IMODE(file.stat().st_mode) for file in certificate.key.parent.iterdir()
    }

    assert files.pop(".lock")
    assert files == dict.fromkeys(
        ("authority.pem", "bundle.pem", "server.pem", "server-key.pem"), 0o600
    )
    assert "PRIVATE" not in certificate.authority.read_text()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_strict_client_trusts_the_certificate_for_loopback(certificate, name):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate.certificate, certificate.key)
    client = ssl.create_default_context(cafile=str(certificate.authority))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    near, far = socket.socketpair()
    serving = threading.Thread(target=lambda: server.wrap_socket(far, server_side=True).close())
    serving.start()

    with client.wrap_socket(near, server_hostname=name) as connection:
        assert connection.version() == "TLSv1.3"

    serving.join()


def test_functions_trust_the_world_with_the_same_bundle(certificate):
    trusted = ssl.create_default_context(cafile=str(certificate.bundle))

    assert len(trusted.get_ca_certs()) > 1


# --- port


def test_without_a_number_a_free_port_is_taken():
    with listen() as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
        assert listener.getsockname()[1] > 0


def test_a_taken_port_is_refused_and_its_holder_named():
    with listen() as holder:
        port = holder.getsockname()[1]

        with pytest.raises(PortTaken, match=rf"\(process {os.getpid()}\) listens there\); choose"):
            listen(port)


def test_a_number_that_is_no_port_is_refused():
    with pytest.raises(PortTaken, match="ports end at 65535"):
        listen(70_000)


def test_a_refused_port_names_the_option_that_chose_it():
    with pytest.raises(PortTaken, match="choose another with --socket-port"):
        listen(-3, option="--socket-port")


# --- app and assembly


def test_a_folder_is_run_as_its_cdk_json_says(tmp_path):
    settings = {"app": "python3 app.py --quick", "context": {"a": 1}}
    (tmp_path / "cdk.json").write_text(json.dumps(settings))
    (tmp_path / "cdk.context.json").write_text('{"b": 2}')

    app = App.find(tmp_path)

    assert app.command == ["python3", "app.py", "--quick"]
    assert app.context == {"a": 1, "b": 2}


def test_an_assembly_is_used_as_it_is(tmp_path):
    folder = assemblies.write(tmp_path / "cdk.out", {"Role": assemblies.ROLE})

    app = App.find(folder)

    assert (app.command, app.folder, app.assembly) == ((), tmp_path, folder)


def test_a_cdk_json_that_is_no_json_is_named(tmp_path):
    (tmp_path / "cdk.json").write_text("{")

    with pytest.raises(BadArgument, match=r"cdk\.json' is not JSON"):
        App.find(tmp_path)


def test_stacks_come_after_those_that_they_need(tmp_path):
    folder = assemblies.write(tmp_path / "cdk.out", {"Role": assemblies.ROLE})
    manifest = json.loads((folder / "manifest.json").read_text())
    stack = manifest["artifacts"]["Hand"]
    manifest["artifacts"] = {
        "Last": {**stack, "dependencies": ["Middle"]},
        "Middle": {**stack, "dependencies": ["First"]},
        "First": {**stack, "environment": "aws://111122223333/eu-west-1"},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))

    stacks = Assembly.read(folder).stacks

    assert [stack.name for stack in stacks] == ["First", "Middle", "Last"]
    assert [(stack.account, stack.region) for stack in stacks[:2]] == [
        ("111122223333", "eu-west-1"),
        ("000000000000", "us-east-1"),
    ]


def test_what_is_no_assembly_is_refused(tmp_path):
    (tmp_path / "manifest.json").write_text("[]")

    with pytest.raises(SynthesisFailed, match="is no cloud assembly"):
        Assembly.read(tmp_path)


def test_an_archive_of_the_same_files_has_the_same_bytes(tmp_path):
    for folder in ("one", "other"):
        (tmp_path / folder / "package").mkdir(parents=True)
        (tmp_path / folder / "package" / "a.py").write_text("A = 1\n")
        (tmp_path / folder / "b.sh").write_text("true\n")
    os.utime(tmp_path / "one" / "b.sh", (0, 0))

    one, other = (archive(files_of(tmp_path / folder)) for folder in ("one", "other"))

    assert one == other


def test_an_archive_has_code_compiled_for_this_interpreter(tmp_path):
    (tmp_path / "asset" / "package").mkdir(parents=True)
    (tmp_path / "asset" / "package" / "answer.py").write_text("VALUE = 42\n")
    (tmp_path / "asset" / "broken.py").write_text("VALUE = (\n")
    unpacked = tmp_path / "unpacked"

    with zipfile.ZipFile(io.BytesIO(archive(files_of(tmp_path / "asset")))) as zipped:
        zipped.extractall(unpacked)
    # Were the source read, its value would be this one.
    (unpacked / "package" / "answer.py").write_text("VALUE = 43\n")
    read = subprocess.run(
        [sys.executable, "-c", "from package import answer; print(answer.VALUE, answer.__file__)"],
        cwd=unpacked,
        capture_output=True,
        text=True,
        check=True,
    )

    assert read.stdout.split() == ["42", str(unpacked / "package" / "answer.py")]


# --- addresses

ADDRESSES = Addresses(
    engine="127.0.0.1:4566", gateway="127.0.0.1:4567", sockets=frozenset({"ab12"})
)


@pytest.mark.parametrize(
    ("address", "here"),
    [
        (
            "wss://ab12.execute-api.eu-west-1.amazonaws.com/live",
            "wss://127.0.0.1:4567/_aws/execute-api/ab12/live",
        ),
        (
            "see https://ab12.execute-api.cn-north-1.amazonaws.com.cn/live/@connections now",
            "see https://127.0.0.1:4567/_aws/execute-api/ab12/live/@connections now",
        ),
        (
            "https://cd34.execute-api.eu-west-1.amazonaws.com/live",
            "https://127.0.0.1:4566/_aws/execute-api/cd34/live",
        ),
        (
            "https://sqs.eu-west-1.amazonaws.com/1/queue",
            "https://sqs.eu-west-1.amazonaws.com/1/queue",
        ),
    ],
)
def test_addresses_of_api_gateway_become_this_machines(address, here):
    assert ADDRESSES.local(address) == here


def test_the_same_stage_by_two_schemes_is_one_callback():
    host = "ab12.execute-api.eu-west-1.amazonaws.com/live"
    callbacks = ADDRESSES.callbacks([f"wss://{host}", f"https://{host}", "table"])

    assert callbacks == {"http://127.0.0.1:4567/_aws/execute-api/ab12/live"}


def test_nobody_posts_to_an_api_without_connections():
    assert ADDRESSES.callbacks(["https://cd34.execute-api.eu-west-1.amazonaws.com/live"]) == set()


# --- record


def record(**members):
    given = {
        "pid": os.getpid(),
        "endpoint": ENDPOINT,
        "ca_bundle": "/bundle.pem",
        "http_apis": [],
        "rest_apis": [],
        "sockets": [Api(name="Reports/Api/Socket", url="wss://one")],
        "outputs": {"Reports": {"Url": "wss://one"}},
        "audiences": [],
        "places": [Place(stack="Reports", account="000000000000", region="eu-west-1")],
    }
    return Record(**{**given, **members})


def test_a_record_is_read_as_it_was_written(tmp_path):
    record().write(tmp_path)

    assert Record.read(tmp_path) == record()
    assert stat.S_IMODE((tmp_path / "local.json").stat().st_mode) == 0o600


def test_a_record_is_found_from_a_folder_below_the_apps(tmp_path):
    (tmp_path / ".cdk-streamer").mkdir()
    (tmp_path / "handlers").mkdir()
    record().write(tmp_path / ".cdk-streamer")

    assert running(tmp_path / "handlers") == (record(), tmp_path / ".cdk-streamer")


def test_the_record_of_a_process_that_ended_counts_for_nothing(tmp_path):
    (tmp_path / ".cdk-streamer").mkdir()
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    record(pid=child).write(tmp_path / ".cdk-streamer")

    with pytest.raises(NotRunning, match="nothing runs for an app in"):
        running(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", '{"pid": 1}'])
def test_a_record_of_another_release_counts_for_nothing(tmp_path, text):
    (tmp_path / "local.json").write_text(text)

    assert Record.read(tmp_path) is None


def test_the_only_socket_needs_no_name():
    assert record().socket_url() == "wss://one"


def test_among_several_sockets_one_is_named_by_its_path():
    other = Api(name="Reports/Other/Socket", url="wss://other")
    both = record(sockets=[*record().sockets, other])

    assert both.socket_url("Other") == "wss://other"
    with pytest.raises(BadArgument, match="no socket was named; name one of: Reports/Api/Socket"):
        both.socket_url()

"""Roles: the engine enforces them, so every other test proves that they allow enough."""

from __future__ import annotations


def test_the_worker_may_not_do_what_it_need_not(wire):
    met = wire.run("trespass")["result"]

    assert len(met) == 4
    assert set(met.values()) <= {"AccessDenied", "AccessDeniedException"}


def test_the_publisher_may_not_read_requests(deployment):
    met = deployment.invoke("Publisher", {"trespass": True})

    assert met == {"read": "AccessDeniedException", "delete": "AccessDeniedException"}


def test_every_function_has_a_role_of_its_own(deployment):
    functions = deployment.stack.client("lambda").list_functions()["Functions"]

    roles = {function["Role"] for function in functions}

    assert len(roles) == len(functions) == 11

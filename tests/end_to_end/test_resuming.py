"""Connections that end while a request runs."""

from __future__ import annotations


def test_a_new_connection_goes_on_where_the_old_one_ended(connect, tmp_path):
    release = tmp_path / "release"
    first = connect(sub="ann")
    request_id = first.submit("linger", {"release": str(release)})
    seen = first.progress_of(request_id)["seq"]
    first.close()

    second = connect(sub="ann")
    snapshot = second.ask("subscribe", {"request_id": request_id, "after_seq": seen})["data"]
    release.touch()
    last = second.follow(request_id)[-1]

    assert (snapshot["state"], snapshot["seq"], snapshot["gap"]) == ("RUNNING", seen, False)
    assert snapshot["progress"]["message"] == "lingering"
    assert (last["type"], last["result"]) == ("complete", "released")
    assert last["seq"] > seen


def test_a_snapshot_tells_what_was_missed(connect, tmp_path):
    first = connect(sub="ann")
    request_id = first.submit("linger", {"release": str(tmp_path / "release")})
    first.progress_of(request_id)
    first.close()

    second = connect(sub="ann")
    snapshot = second.ask("subscribe", {"request_id": request_id, "after_seq": 0})["data"]
    (tmp_path / "release").touch()
    second.follow(request_id)

    assert snapshot["gap"] is True


def test_a_request_ends_well_while_nobody_listens(connect, tmp_path):
    first = connect(sub="ann")
    request_id = first.submit("linger", {"release": str(tmp_path / "release")})
    first.close()
    (tmp_path / "release").touch()

    second = connect(sub="ann")
    snapshot = second.ask("subscribe", {"request_id": request_id})["data"]
    result = snapshot.get("result") or second.follow(request_id)[-1]["result"]

    assert result == "released"


def test_every_device_of_an_owner_hears_of_a_request(connect, tmp_path):
    phone, laptop = connect(sub="ann"), connect(sub="ann")
    request_id = phone.submit("linger", {"release": str(tmp_path / "release")})
    laptop.ask("subscribe", {"request_id": request_id})

    (tmp_path / "release").touch()
    results = [wire.follow(request_id)[-1]["result"] for wire in (phone, laptop)]

    assert results == ["released", "released"]


def test_who_unsubscribes_hears_no_more(connect, tmp_path):
    phone, laptop = connect(sub="ann"), connect(sub="ann")
    request_id = phone.submit("linger", {"release": str(tmp_path / "release")})
    phone.progress_of(request_id)  # the last news before the end

    laptop.ask("subscribe", {"request_id": request_id})
    laptop.ask("unsubscribe", {"request_id": request_id})
    (tmp_path / "release").touch()
    phone.follow(request_id)
    laptop.ask("echo", "anything that was sent before this answer has arrived with it")

    assert laptop.of(request_id) == []

"""`dicomweb-proxy spool check` on real folders, and beside a proxy that runs."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.sender import Sender
from standalone import study
from tests.support.cli import Console
from tests.support.instances import make
from tests.support.ports import free_port
from tests.support.proxy import proxy
from tests.support.sandbox import sandbox
from tests.support.scu import send
from tests.support.segmented import damage, gathering
from tests.support.spools import keep, open_spool, waiting
from tests.support.waiting import wait_until

PART10 = bytes(128) + b"DICM" + bytes(20)


@pytest.fixture
def console(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Console:
    made = Console(monkeypatch, capsys)
    made.set(UPLOAD__URI="https://archive.example/studies", SPOOL__PATH=tmp_path / "spool")
    return made


def test_a_sound_spool_is_said_to_be_one(console: Console, tmp_path: Path) -> None:
    spool = open_spool(tmp_path / "spool")
    keep(spool, PART10, ["default"])
    spool.close()

    ended = console("spool", "check")

    assert (ended.code, ended.out) == (0, f"{tmp_path / 'spool'}: nothing is wrong\n")


def test_what_is_wrong_is_named_and_repaired_without_losing_anything(
    console: Console, tmp_path: Path
) -> None:
    spool = open_spool(tmp_path / "spool")
    [truncated] = keep(spool, PART10, ["default"])
    spool.file(truncated).write_bytes(PART10[:-1])
    [orphan] = keep(spool, PART10, ["closed"])
    (tmp_path / "spool" / "notes.txt").write_text("somebody's")
    spool.close()

    found = console("spool", "check", "--json")
    kinds = {each["kind"] for each in found.json}
    repaired = console("spool", "check", "--repair", "--orphans-to", "default")
    after = console("spool", "check", "--json")

    assert (found.code, kinds) == (1, {"truncated", "orphan", "stray"})
    assert "set aside in quarantine" in repaired.out
    assert "moved to default" in repaired.out
    assert [each["kind"] for each in after.json] == ["stray"]
    names = {path.stem for path in (tmp_path / "spool").rglob("*.dcm")}
    assert {truncated.name, orphan.name} <= names


def test_what_was_done_is_said_beside_what_was_found(console: Console, tmp_path: Path) -> None:
    spool = open_spool(tmp_path / "spool")
    [truncated] = keep(spool, PART10, ["default"])
    keep(spool, PART10, ["default"])
    deep = console("spool", "check", "--deep").out
    spool.file(truncated).write_bytes(PART10[:-1])
    spool.close()

    repaired = console("spool", "check", "--repair").out
    again = console("spool", "check", "--repair").out

    assert f"nothing is wrong\nread 2 instances, {2 * len(PART10)} bytes\n" in deep
    assert "repaired 1 of 1\n" in repaired
    assert "repaired 0 of 0\n" in again


def test_what_no_destination_takes_is_told_with_what_helps(
    console: Console, tmp_path: Path
) -> None:
    spool = open_spool(tmp_path / "spool")
    keep(spool, PART10, ["closed"])
    spool.close()

    found = console("spool", "check").out
    alone = console("spool", "check", "--repair").out

    assert "its destination is configured no more" in found
    assert "say --orphans-to NAME --repair; --repair alone does nothing for it" in found
    assert "nothing: it needs --orphans-to NAME" in alone
    assert (tmp_path / "spool" / "closed").is_dir()


def test_what_cannot_be_repaired_now_hinders_no_other(console: Console, tmp_path: Path) -> None:
    with gathering(tmp_path / "spool") as own:
        entry = own.keep(PART10, "default")
        damage(own, entry)
        [orphan] = keep(own.spool, PART10, ["closed"])

        ended = console("spool", "check", "--repair", "--orphans-to", "default")

        assert "not done" in ended.out
        assert "its segment is still written to" in ended.out
        assert orphan.name in {each.name for each in own.spool.scan("default")}
    assert "set aside in quarantine" in console("spool", "check", "--repair").out
    assert "nothing is wrong" in console("spool", "check", "--deep").out

    [item] = console("quarantine", "list", "--json").json
    assert console("quarantine", "requeue", "--all").out == "0 requeued\n"
    refused = console("quarantine", "requeue", item["id"])
    assert refused.code == 1
    assert "is not what was received: it is never sent" in refused.err


def test_a_destination_that_is_none_is_exit_code_2(console: Console) -> None:
    assert console("spool", "check", "--repair", "--orphans-to", "nowhere").code == 2


def test_beside_a_running_proxy_waiting_instances_are_no_finding(
    console: Console, tmp_path: Path
) -> None:
    uri = f"http://127.0.0.1:{free_port()}/studies"
    console.set(UPLOAD__URI=uri)
    with proxy(tmp_path, UPLOAD__URI=uri) as running:
        send(running.port, list(study.instances(datetime(2026, 11, 24, tzinfo=UTC)))[:5])

        ended = console("spool", "check")

    assert (ended.code, ended.err) == (0, "")


def test_what_the_index_lost_is_announced_anew_at_once(console: Console, tmp_path: Path) -> None:
    [instance] = list(study.instances(datetime(2026, 11, 24, tzinfo=UTC)))[:1]
    made = make(tmp_path)
    (tmp_path / "origin").mkdir()
    with sandbox(tmp_path / "origin") as base:
        held = {"UPLOAD__URI": f"{base}/studies", "UPLOAD__RESCAN": 3600}
        console.set(**held)
        with proxy(tmp_path, **held) as running:
            send(running.port, [instance])
            wait_until(lambda: not waiting(running.spool), 20, "the first to be delivered")
            late = open_spool(running.spool)  # a receiver that dies before it announces
            [kept] = keep(late, made.path.read_bytes(), ["default"])
            late.close()
            requeued = console("spool", "check", "--requeue")
            assert requeued.code == 0
            assert "requeued 1: uploaders look through the spool now" in requeued.out

            wait_until(lambda: not late.file(kept).exists(), 20, "it to be delivered")


def test_requeue_says_when_redis_is_away(console: Console, tmp_path: Path) -> None:
    open_spool(tmp_path / "spool").close()
    console.set(REDIS__URL=f"redis://127.0.0.1:{free_port()}/0")

    ended = console("spool", "check", "--requeue")

    assert "Redis cannot be reached" in ended.err


def test_a_refusal_is_shown_with_its_reason_in_hexadecimal_and_with_who_sent_it(
    console: Console, tmp_path: Path
) -> None:
    spool = open_spool(tmp_path / "spool")
    sender = Sender.named("ARCHIVE", "CT 1", "CT")
    [known] = keep(spool, PART10, ["default"], sender=sender)
    [unknown] = keep(spool, PART10, ["default"])
    for each in (known, unknown):
        spool.quarantine(each, {"detail": "refused", "failure_reason": 273})
    spool.close()

    shown = console("quarantine", "show", known.name).out.splitlines()
    anonymous = console("quarantine", "show", unknown.name).out
    several = console("quarantine", "show", known.name[:4])
    nothing = console("quarantine", "show", "x")

    assert "failure_reason       0x0111" in shown
    assert "calling_ae           CT 1" in shown
    assert "calling_ae" not in anonymous
    assert "2 in quarantine have an id that begins so" in several.err
    assert "none in quarantine has an id that begins so" in nothing.err


def test_a_record_of_somebody_else_does_not_move_the_cursor(
    console: Console, tmp_path: Path
) -> None:
    spool = open_spool(tmp_path / "spool")
    [entry] = keep(spool, PART10, ["default"])
    spool.quarantine(entry, {"detail": "\x1b[2J\nid  forged", "\x1b]0;key": "\ud800"})
    spool.close()

    shown = console("quarantine", "show", entry.name)

    assert shown.code == 0
    assert "\x1b" not in shown.out
    assert "?[2J?id  forged" in shown.out
    assert "?]0;key" in shown.out

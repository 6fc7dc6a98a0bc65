"""What operators see where processes mark with different things."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from client import connect
from rooms.evidence import JudgePolicy
from rooms.people import Role
from scoring.prompt import PROMPT
from scoring.weights import NEWEST_JUDGE
from server import equipment as equipment_module
from server.equipment import MUST_AGREE, NONE, Equipment, differences, judges_in_words
from server.judge_settings import JudgeSettings
from server.shelf import Shelf
from tests.deployment import TOKEN
from tests.server.conftest import METRICS_TOKEN, Standing
from tests.server.test_shelf import own
from tests.waiting import until

WEB = Equipment(worker="web-1", encoder=NONE, weights="w", judges=NONE)
WORKER = WEB.model_copy(update={"worker": "worker-1"})


def test_processes_that_agree_differ_in_nothing() -> None:
    assert differences([]) == differences([WEB]) == differences([WEB, WORKER]) == []


@pytest.mark.parametrize("what", MUST_AGREE)
def test_what_differs_is_named_with_who_has_which_and_what_to_do(what: str) -> None:
    other = WORKER.model_copy(update={what: "another"})
    (found,) = differences([WEB, other, WEB.model_copy(update={"worker": "web-2"})])
    assert found.what == what
    assert found.found == {getattr(WEB, what): ["web-1", "web-2"], "another": ["worker-1"]}
    assert found.sentence == MUST_AGREE[what]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://own/v1", "https://own/v1/", True),
        ("https://own/v1", "https://user:key@OWN:443/v1?key=secret", True),
        ("https://own/v1", "https://own:8443/v1", False),
        ("https://own/v1", "https://own/team-2/v1", False),
        ("https://own/v1", "http://own/v1", False),
    ],
)
def test_two_endpoints_of_one_host_are_not_the_same_judge_and_no_address_is_shown(
    one: str, other: str, same: bool
) -> None:
    judges = [JudgeSettings(model="m-1", base_url=address) for address in (one, other)]
    policies = [JudgePolicy(judges=(j.manner,), panel=1, prompt=PROMPT, weights=NEWEST_JUDGE) for j in judges]
    words = [judges_in_words(policy, [judge.endpoint]) for policy, judge in zip(policies, judges, strict=True)]
    assert policies[0] == policies[1]  # what rooms keep names the host alone, as it did
    assert (words[0] == words[1]) is same
    assert not [word for word in words if "key" in word or "/" in word]


async def test_what_cannot_be_said_keeps_no_process_from_working(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    trouble, heard = [OSError("a folder on a network that is away")] * 2, list[Equipment]()

    class Listening:
        async def say(self, equipment: Equipment) -> None:
            heard.append(equipment)

        async def all(self) -> list[Equipment]:
            return heard

    def asked() -> Equipment:
        if trouble:
            raise trouble.pop()
        return WEB

    monkeypatch.setattr(equipment_module, "SAY_EVERY_S", 0)
    saying = asyncio.create_task(equipment_module.keep_saying(Listening(), asked))
    await until(lambda: bool(heard))
    saying.cancel()
    assert [record.message for record in caplog.records] == ["what this process marks with cannot be said"]


def test_another_file_of_weights_is_another_shelf(tmp_path: Path) -> None:
    assert Shelf().contents == Shelf(tmp_path).contents
    own(tmp_path, "9.0.0")
    with_one_more = Shelf(tmp_path).contents
    assert with_one_more != Shelf().contents
    (tmp_path / "local-9.0.0.toml").write_text("not even weights")
    assert Shelf(tmp_path).contents not in (with_one_more, Shelf().contents)


async def test_a_web_worker_that_knows_judges_which_the_others_do_not_is_shown_and_its_rooms_keep_them(
    standing: Standing,
) -> None:
    judges = json.dumps([{"model": "m-1", "base_url": "http://127.0.0.1:9", "runs": 2}])
    odd = standing.deployment.web(JUDGES=judges)
    async with connect(odd.url, token=TOKEN) as owner:

        async def differing() -> list[str]:
            now = await owner._ask("GET", "/api/operations")
            return [difference["what"] for difference in now["differences"]]

        assert await until(differing) == ["judges"]
        async with httpx.AsyncClient(trust_env=False, headers={"Authorization": f"Bearer {METRICS_TOKEN}"}) as http:
            page = (await http.get(f"{odd.url}/metrics")).text
        assert 'greenroom_processes_differ{what="judges"} 1' in page
        assert 'greenroom_processes_differ{what="encoder"} 0' in page
        opened = await owner.open_room("technical")
        async with owner.join(opened, Role.COACH) as coach:
            policy = JudgePolicy(
                judges=("m-1 at 127.0.0.1, 2 runs, json_schema",), panel=1, prompt=PROMPT, weights=NEWEST_JUDGE
            )
            assert coach.room.judging == policy
    odd.stop()

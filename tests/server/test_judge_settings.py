"""JUDGES: what is wrong is said in a sentence that holds no key."""

from pathlib import Path

import pytest

from server.judge_settings import judges_of
from server.notice import NOTICE, notice_of
from server.ports import Misconfigured


def test_without_the_setting_there_is_no_judge() -> None:
    assert judges_of("  ", {}) == ()


def test_judges_are_read_from_json_or_a_file_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "judges.toml"
    file.write_text(
        '[[judge]]\nmodel = "m-1"\nkey_variable = "K1"\n[[judge]]\nmodel = "m-2"\nbase_url = "http://own:1/v1"\n'
    )
    found = judges_of(str(file), {"K1": "sk-1"})
    assert [(judge.label, key) for judge, key in found] == [("m-1 at api.openai.com", "sk-1"), ("m-2 at own", "none")]
    assert judges_of('[{"model": "m-3"}]', {}, "sk-3")[0][1] == "sk-3"
    assert judges_of('[{"model": "m-1", "key_variable": "K1"}]', {"K1": "sk-1"})[0] == found[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[{"model": "m", "key_variable": "K9"}]', "judge 1: there is no key in K9"),
        ('[{"model": "m", "api_key": "sk-leaked"}]', "judge 1: api_key"),
        ('[{"model": "m"}, {"model": "m", "runs": 0}]', "judge 2: runs"),
        ('{"model": "m"}', "a list of judges"),
        ("[{", "neither JSON nor"),
        ("/nowhere/judges.toml", "cannot be read"),
    ],
)
def test_what_is_wrong_is_named(text: str, says: str) -> None:
    with pytest.raises(Misconfigured, match=says) as wrong:
        judges_of(text, {})
    assert "sk-leaked" not in str(wrong.value)


def test_the_notice_names_the_judges_and_other_judges_are_another_notice() -> None:
    one, two = notice_of(["m-1 at a"]), notice_of(["m-2 at b"])
    assert any("m-1 at a" in point and "AI" in point for point in one.points)
    assert len({NOTICE.version, one.version, two.version}) == 3
    assert notice_of([]) is NOTICE

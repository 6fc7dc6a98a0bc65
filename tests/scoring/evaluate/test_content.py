"""The program that scores answers from a file."""

import csv
from pathlib import Path

import pytest

from scoring.evaluate.__main__ import main

QUESTION = "What is a stack?"
REFERENCE = "A data structure in which the last item added is the first to be removed."
RATED = [("big", 5), ("red", 4), ("old", 5), ("new", 4), ("tin", 5)]
GOOD = "It stores elements so that the last item added is the first one removed."


def evaluated(folder: Path, *answers: str, encoding: str = "utf-8") -> list[dict[str, str]]:
    """The rows that the program makes of these answers to one question."""
    source, out = folder / "in.csv", folder / "out.csv"
    with source.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "question", "reference", "answer"])
        writer.writerows([f"a{i}", QUESTION, REFERENCE, answer] for i, answer in enumerate(answers))
    assert main(["content", str(source), str(out)]) == 0
    with out.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_comes_back_in_order_with_its_columns_and_its_score(tmp_path: Path) -> None:
    rows = evaluated(tmp_path, GOOD, "A stack is a fruit that grows on trees and is eaten in autumn.")
    assert (rows[0]["id"], rows[0]["question"], rows[0]["answer"]) == ("a0", QUESTION, GOOD)
    assert float(rows[0]["score"]) > float(rows[1]["score"]) + 1
    for row in rows:
        assert 0 <= float(row["low"]) <= float(row["score"]) <= float(row["high"]) <= 5
        assert row["abstain"] == "0"


def test_an_empty_answer_abstains_and_says_why(tmp_path: Path) -> None:
    (row,) = evaluated(tmp_path, " ")
    assert (row["abstain"], row["low"], row["high"]) == ("1", "0", "5")
    assert "Nothing was said" in row["reason"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_the_tables_of_other_programs_can_be_read(tmp_path: Path, encoding: str) -> None:
    answer = "It’s a “pile”: the last item added is the first removed – always."
    (row,) = evaluated(tmp_path, answer, encoding=encoding)
    assert row["answer"] == answer


def test_answers_over_many_lines_with_tags_and_control_characters_are_answers(tmp_path: Path) -> None:
    plain, odd = evaluated(tmp_path, GOOD, f"<p>{GOOD}</p>\r\n\x07\x00")
    assert odd["score"] == plain["score"]


def test_thirty_minutes_of_speech_are_an_answer(tmp_path: Path) -> None:
    (row,) = evaluated(tmp_path, "and then we looked at the next item on the list of things " * 500)
    assert row["abstain"] == "0"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the file is empty"),
        ("question,answer\nq,a\n", "line 1: column 'reference' is missing"),
        ("question,reference,answer,answer\n", "line 1: column 'answer' stands there twice"),
        ("question,reference,answer\nq,r,a\nq,r\n", "line 3: column 'answer' is missing"),
        ('question,reference,answer\n"q\nq",r,a\nq,r,a,b\n', "line 4: 4 fields where the header has 3"),
        ("question,reference,answer\n ,r,a\n", "line 2: rubric of ''"),
        (f"question,reference,answer\n{'why ' * 600},r,a\n", "line 2: rubric of 'why"),
        ('question,reference,answer\nq,r,a\nq,r,"a\nq,r,a\n', "line 3: a quotation mark is not closed"),
    ],
)
def test_a_table_that_does_not_hold_is_named_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(text)
    assert main(["content", str(source), str(out)]) == 2
    said = capsys.readouterr().err
    assert str(source) in said
    assert told in said
    assert len(said) < len(str(source)) + 250
    assert not out.exists()


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["content", str(tmp_path / "no.csv"), str(tmp_path / "out.csv")]) == 2
    assert "no.csv" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "told"),
    [("./nowhere", "There is no directory"), (str(Path(__file__).parent), "has no model.onnx")],
)
def test_an_encoder_that_is_none_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, told: str
) -> None:
    monkeypatch.setenv("ENCODER_MODEL", name)
    source = tmp_path / "in.csv"
    source.write_text("question,reference,answer\nq?,r,a\n")
    assert main(["content", str(source), str(tmp_path / "out.csv")]) == 2
    assert told in capsys.readouterr().err


def test_rated_answers_make_a_model_of_their_question(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ENCODER_MODEL", raising=False)
    source, rated, out = tmp_path / "in.csv", tmp_path / "rated.csv", tmp_path / "out.csv"
    source.write_text(f"question,reference,answer\n{QUESTION},{REFERENCE},A pile of plates.\nOther?,Other one,Other.\n")
    rows = [f"{QUESTION},{REFERENCE},A pile of {what} plates.,{score}\n" for what, score in RATED]
    rows += [f"Not asked?,{REFERENCE},A pile of {what} plates.,{score}\n" for what, score in RATED]
    rated.write_text("question,reference,answer,score\n" + "".join(rows))
    assert main(["content", str(source), str(out), "--rated", str(rated)]) == 0
    assert "1 questions with a model of their own" in capsys.readouterr().err
    with out.open(encoding="utf-8", newline="") as file:
        taught, other = csv.DictReader(file)
    assert "5 rated answers" in taught["scorer"]
    assert "rated" not in other["scorer"]
    rated.write_text(f"question,reference,answer,score\n{QUESTION},{REFERENCE},A,good\n")
    assert main(["content", str(source), str(out), "--rated", str(rated)]) == 2
    assert "line 2: column 'score': 'good' is no number" in capsys.readouterr().err


def test_what_became_of_rated_answers_is_told_and_blank_ones_teach_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ENCODER_MODEL", raising=False)
    source, rated, out = tmp_path / "in.csv", tmp_path / "rated.csv", tmp_path / "out.csv"
    source.write_text(f"question,reference,answer\n{QUESTION},{REFERENCE},{GOOD}\nOther?,Other one,Other.\n")

    def scored(*rows: str) -> str:
        rated.write_text("question,reference,answer,score\n" + "".join(f"{row}\n" for row in rows))
        assert main(["content", str(source), str(out), "--rated", str(rated)]) == 0
        return out.read_text()

    few = [f"Other?,Other one,It is {what}.,2" for what in ("big", "red", "old", "new")]
    scored(*few, *[f"other?,Other one,It is {what}.,2" for what in ("big", "red", "old", "new", "tin")])
    said = capsys.readouterr().err
    assert "0 questions with a model of their own (1 more with fewer than 5 rated answers)" in said
    assert "(1 rated ones are not asked with this reference)" in said
    plates = [f"{QUESTION},{REFERENCE},A pile of {what} plates.,{score}" for what, score in RATED]
    assert scored(*plates, *[f"{QUESTION},{REFERENCE}, ,0"] * 20) == scored(*plates)


def test_columns_that_would_be_overwritten_are_kept(tmp_path: Path) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(f"id,id,question,reference,answer,score\n7,8,{QUESTION},{REFERENCE},{GOOD},1.25\n")
    assert main(["content", str(source), str(out)]) == 0
    with out.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["id"], row["id.2"], row["given_score"]) == ("7", "8", "1.25")
    assert float(row["score"]) > 2


@pytest.mark.parametrize("out", ["nowhere/out.csv", "."])
def test_a_place_where_nothing_can_be_written_is_told_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], out: str
) -> None:
    assert main(["content", str(tmp_path / "no.csv"), str(tmp_path / out)]) == 2
    assert "no file can be written there" in capsys.readouterr().err


MODEL = Path(__file__).resolve().parents[4] / "shared" / "models" / "minilm"


@pytest.mark.skipif(not MODEL.is_dir(), reason="no sentence encoder in ../shared/models/minilm")
def test_a_text_has_the_same_vector_whatever_stands_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCODER_MODEL", str(MODEL))
    answer = "Whatever went on the pile most recently comes off it before everything else."
    (alone,) = evaluated(tmp_path, answer)
    beside = evaluated(tmp_path, GOOD * 5, answer, "Bananas are yellow and grow in warm countries.")
    assert beside[1]["score"] == alone["score"]
    assert "encoder" in alone["scorer"]
    assert float(beside[2]["score"]) <= 1 < float(alone["score"])

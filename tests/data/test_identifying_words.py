"""Names are found as words of any script and spelling, and never inside other words."""

from __future__ import annotations

from datetime import date

import pytest

from data.identifying_words import IdentifyingWords

MUELLER = IdentifyingWords.of(["Müller-Beispiel^Jörg^^Dr"], ["EX-0001"], [date(1952, 3, 22)])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Kopf Müllers, Jörg", "Kopf #, #"),
        ("MUELLER_kopf", "#_kopf"),
        ("kopfMullerFlair", "kopf#Flair"),
        ("Mu\u0308ller", "#"),  # decomposed
        ("jörg1952", "#1952"),
        ("Beispielhaft", "Beispielhaft"),
        ("joerg", "#"),
        ("dr müller", "dr #"),
        ("EX-0001 EX-00012 ex-0001", "# EX-00012 #"),
        ("geb. 22.03.1952, 22.3.1952, 19520322, 1952-03-22", "geb. #, #, #, #"),
        ("120520322", "120520322"),
        ("", ""),
    ],
)
def test_whole_words_are_taken_out(text: str, left: str) -> None:
    assert MUELLER.taken_out(text, "#") == left


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        ("Bo^Li", "robot, lid and Bo with Li", "robot, lid and # with #"),
        ("Bo^Li", "li bo", "#"),  # the whole name counts in any case
        ("Bo^Li", "bo", "bo"),  # and half of a short one only where it is written as a name
        ("No^Li", "no oedema", "no oedema"),
        ("Ann^Bo", "Ann; Anna; ann", "#; Anna; #"),
        ("Max^Muster", "max. axis of Max", "max. axis of #"),
        ("Brain^Test", "BRAIN FLAIR", "BRAIN FLAIR"),
        ("Brain^Test", "Test Brain FLAIR", "# FLAIR"),
        ("von der Au^Ida", "von der Aorta, Ida", "von der Aorta, #"),
    ],
)
def test_short_and_ordinary_names(name: str, text: str, left: str) -> None:
    assert IdentifyingWords.of([name]).taken_out(text, "#") == left


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        ("王^小东", "头部王小东平扫", "头部#平扫"),
        ("王^小东", "小东的头", "#的头"),
        ("王^小东", "国王病", "国王病"),
        ("王^小东", "Kopf 王", "Kopf #"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "頭部 山田太郎 やまだ YAMADA", "頭部 # #"),
        ("Hong^Gildong=洪^吉洞=홍^길동", "뇌 홍길동 길동", "뇌 # #"),
        ("Иванов^Пётр", "голова ИВАНОВ петр", "голова #"),
        ("ﾔﾏﾀﾞ^ﾀﾛｳ", "ﾔﾏﾀﾞ ヤマダ MR", "# # MR"),
        ("Παπαδόπουλος^Γιώργος", "κεφάλι παπαδοπουλος", "κεφάλι #"),
    ],
)
def test_scripts(name: str, text: str, left: str) -> None:
    assert IdentifyingWords.of([name]).taken_out(text, "#") == left


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "gb18030", "shift_jis", "euc_kr"])
def test_bytes_of_any_encoding(encoding: str) -> None:
    name = {"latin-1": "Müller", "gb18030": "王小东", "shift_jis": "山田太郎", "euc_kr": "홍길동"}.get(
        encoding, "Müller"
    )
    words = IdentifyingWords.of([name])
    assert words.are_in_bytes(b"\x01\x02" + name.encode(encoding) + b"\x00")
    assert words.may_be_in_bytes(name.encode(encoding))
    assert not words.are_in_bytes(b"nothing of the kind")


def test_nobody() -> None:
    assert not IdentifyingWords.of()
    assert IdentifyingWords.of([""], [""]).taken_out("text") == "text"


def test_the_names_of_others_count_from_five_letters_on() -> None:
    words = IdentifyingWords.of(others=["AX^Refer", "Operator"])
    assert words.taken_out("AX FLAIR by refer operator", "#") == "AX FLAIR by # #"


def test_plain_bytes_without_a_name_need_no_decoding() -> None:
    assert not MUELLER.may_be_in_bytes(b"AX FLAIR")
    assert MUELLER.may_be_in_bytes(b"AX MUELLER")
    assert MUELLER.may_be_in_bytes(b"AX \x1b$B")  # ISO 2022


def test_words_are_there_as_soon_as_one_is() -> None:
    assert IdentifyingWords.of(["Mueller"])
    assert IdentifyingWords.of(["Ott"])  # a short one alone
    assert IdentifyingWords.of(numbers=["4711-08"])


def test_a_name_at_either_end_of_a_text_is_a_whole_word() -> None:
    words = IdentifyingWords.of(["Ott"])
    assert words.taken_out("OTT head OTT", "#") == "# head #"
    assert words.taken_out("OTTO XOTT", "#") == "OTTO XOTT"


def test_short_names_make_plain_bytes_worth_decoding() -> None:
    assert IdentifyingWords.of(["Ott"]).may_be_in_bytes(b"AX OTT")

import re
import sqlite3
from contextlib import suppress

import pytest
from hypothesis import example, given, settings, strategies as st

from streamer.errors import UsageError
from streamer.store.sqlite.indexing import mark_language
from streamer.store.sqlite.query import parse_query

EN = mark_language("en")
FR = mark_language("fr")
SIX = f'("six" OR ("6" AND "{EN}") OR ("6" AND "{FR}"))'


@pytest.fixture(scope="module")
def index():
    db = sqlite3.connect(":memory:")
    db.execute(
        "CREATE VIRTUAL TABLE line USING fts5 (text, leg, tokenize = 'unicode61 remove_diacritics 2')"
    )
    yield db
    db.close()


def find(index, query, *lines):
    index.execute("DELETE FROM line")
    index.executemany(
        "INSERT INTO line (text, leg) VALUES (?, 'call')", [(line,) for line in lines]
    )
    match = f"(text : ({parse_query(query)}))"
    return [text for (text,) in index.execute("SELECT text FROM line WHERE line MATCH ?", [match])]


@pytest.mark.parametrize(
    "word",
    ["don't", "555-1234", "PJSIP/100", "a:b", "x^2", "leg:call", "NEAR", "+1", "{text}", "é", "-5"],
)
def test_a_bare_word_is_found_as_it_is_written(index, word):
    assert find(index, word, f"so {word} it is", "something else") == [f"so {word} it is"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("refund card", '("refund" AND "card")'),
        ("refund AND card", '("refund" AND "card")'),
        ("refund OR card", '("refund" OR "card")'),
        ("a b OR c", '(("a" AND "b") OR "c")'),
        ("a NOT b", '("a" NOT "b")'),
        ("a AND NOT b", '("a" NOT "b")'),
        ("a NOT b NOT c d", '(("a" AND "d") NOT ("b" OR "c"))'),
        ("(a OR b) c", '(("a" OR "b") AND "c")'),
        ('"cancel my" order', '("cancel my" AND "order")'),
        ('"cancel my ord"*', '"cancel my ord"*'),
        ("canc*", '"canc"*'),
        ("and or not", '("and" AND "or" AND "not")'),
        ('a"b c"d', '("a" AND "b c" AND "d")'),
        ('"AND"', '"AND"'),
        ("55 10", '(("55" AND "10") OR "5510" OR "5 5 1 0")'),
        ("555-01", '("555-01" OR "55501" OR "5 5 5 0 1")'),
        ("0100", '("0100" OR "0 1 0 0")'),
        ("555", '"555"'),
        ("555 01*", '("555" AND "01"*)'),
        ('"call five five"', f'("call five five" OR ("call 55" AND "{EN}"))'),
        ("a NOT five six", f'(("a" AND {SIX}) NOT ("five" OR ("5" AND "{EN}")))'),
        ("six", SIX),
        ("six cinq", f'(({SIX} AND ("cinq" OR ("5" AND "{FR}"))) OR ("65" AND "{FR}"))'),
        ("once", f'("once" OR ("11" AND "{mark_language("es")}"))'),
        (
            "call twenty six now",
            f'("call" AND ((("twenty" OR ("20" AND "{EN}")) AND {SIX}) OR ("26" AND "{EN}")) AND "now")',
        ),
    ],
)
def test_what_is_syntax_and_what_is_a_word(query, expected):
    assert parse_query(query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("-- a", '"a"'),
        ("a AND --", '"a"'),
        ("a OR (--)", '"a"'),
        ("a NOT ...", '"a"'),
        ("* a", '"a"'),
    ],
)
def test_what_cannot_be_heard_is_left_out(query, expected):
    assert parse_query(query) == expected


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("", "type a word"),
        (" \n", "type a word"),
        ("--", "'--'"),
        ('""', "a letter or a digit"),
        ('say "hello', "closing quotation mark is missing"),
        ("(a", '"(" without a ")"'),
        ("a)", '")" without a "("'),
        ("()", 'a word is missing before ")"'),
        ("AND a", "AND stands at the beginning"),
        ("a OR AND b", "AND stands beside"),
        ("a OR", 'Incomplete search: a word is missing after "OR"'),
        ("a NOT", 'Incomplete search: a word is missing after "NOT"'),
        ("a (", 'Incomplete search: a word is missing after "("'),
        ("NOT a", "NOT needs a word before it"),
        ("a OR NOT b", "NOT needs a word before it"),
        ("-- NOT a", "NOT needs a word before it"),
        ("(" * 9 + "a" + ")" * 9, "8 deep"),
        ("a " * 101, "at most 100 words"),
    ],
)
def test_what_cannot_be_meant_is_one_line_that_names_it(query, named):
    with pytest.raises(UsageError, match=re.escape(named)) as error:
        parse_query(query)
    assert "\n" not in str(error.value)


def test_the_widest_and_the_deepest_query_are_understood(index):
    deep = "a"
    for _ in range(8):
        deep = f"(b NOT c OR d e NOT {deep} f)"
    for query in ("a " * 100, "a OR " * 99 + "a", "a" + " NOT b" * 99, deep, deep + " OR " + deep):
        find(index, query, "text")
        find(index, query.replace("a", "six").replace("b", "six").replace("d e", "six 5"), "text")


WORDS = st.sampled_from(
    [
        "AND",
        "OR",
        "NOT",
        "(",
        ")",
        '"',
        "*",
        "a",
        "b*",
        "--",
        "'",
        "\0",
        "é",
        ":",
        "^",
        "+",
        "\ud800",
        " ",
        "-a",
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=60),
        st.lists(WORDS, max_size=30).map(" ".join),
        st.lists(WORDS, max_size=30).map("".join),
    )
)
@example("\0")
@example('"\0"')
@example("\ud800a")
def test_nothing_that_anybody_types_is_a_syntax_error_of_the_index(index, query):
    with suppress(UsageError):
        find(index, query, "a text")

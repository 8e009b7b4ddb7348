"""The line on which each key of a TOML document stands."""

from streamer.core.toml_lines import find_lines

DOCUMENT = '''# url = "no"
url = "ws://h"   # model = 1

text = """
model = "not this one"
"""
model = "small"
list = [
  1,
  2,
]
[headers]
A = "1"

[[listen]]
kind = "x"

[[listen]]
kind = "y"
auth = ["a"]
'''


def test_each_key_has_the_line_on_which_its_statement_begins():
    lines = find_lines(DOCUMENT)
    assert lines["url",] == 2
    assert lines["text",] == 4
    assert lines["model",] == 7
    assert lines["list",] == 8
    assert lines["headers",] == 12
    assert lines["headers", "A"] == 13
    assert lines["listen", 0] == 15
    assert lines["listen", 1] == 18
    assert lines["listen", 1, "auth"] == 20


def test_an_empty_document_has_no_keys():
    assert find_lines("") == {}

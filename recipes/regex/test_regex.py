"""What people take regex for: what the standard library's re cannot do."""

import regex


def test_unicode_properties():
    assert regex.findall(r"\p{Lu}\p{Ll}+", "Ærø Øst århus") == ["Ærø", "Øst"]


def test_fuzzy_matching():
    match = regex.search(r"(?:browser){e<=2}", "in the bowzer")
    assert match.fuzzy_counts[0] + match.fuzzy_counts[1] + match.fuzzy_counts[2] <= 2


def test_recursive_pattern():
    assert regex.fullmatch(r"\((?:[^()]|(?R))*\)", "(a(b)(c(d)))")


def test_overlapped_and_captures():
    assert regex.findall(r"\w{3}", "abcde", overlapped=True) == ["abc", "bcd", "cde"]
    assert regex.match(r"(?:(\w)-?)+", "a-b-c").captures(1) == ["a", "b", "c"]


def test_the_shipped_suite():
    import unittest

    from regex.tests import test_regex

    suite = unittest.defaultTestLoader.loadTestsFromModule(test_regex)
    result = unittest.TestResult()
    suite.run(result)
    assert result.testsRun > 90
    assert result.failures == []
    assert result.errors == []

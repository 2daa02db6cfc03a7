"""Names: what is refused and in which words."""

import pytest

from picok8s.api import names


@pytest.mark.parametrize("text", ["a", "a-b", "0a", "a.b", "a" * 63])
def test_a_subdomain(text: str) -> None:
    assert names.dns_subdomain(text) == []


@pytest.mark.parametrize("text", ["", "-a", "a-", "A", "a..b", "a_b", "a\n"])
def test_no_subdomain(text: str) -> None:
    (word,) = names.dns_subdomain(text)
    assert word.endswith(
        "(e.g. 'example.com', regex used for validation is "
        "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
    )


def test_a_label_is_told_of_its_dots() -> None:
    assert names.dns_label("a.b") == ["must not contain dots"]
    assert names.dns_label("a" * 64) == ["must be no more than 63 characters"]
    assert "'my-name',  or '123-abc', regex" in names.dns_label("A.b")[0]


def test_a_label_key_tells_of_its_parts() -> None:
    assert names.qualified_name("example.com/a") == []
    assert names.qualified_name("/a") == ["prefix part must be non-empty"]
    assert names.qualified_name("a/")[0] == "name part must be non-empty"
    assert names.qualified_name("a" * 64) == ["name part must be no more than 63 bytes"]
    assert names.qualified_name("a/b/c")[0].startswith("a valid label key must consist")


def test_a_label_value_counts_bytes() -> None:
    assert names.label_value("") == []
    assert names.label_value("v" * 64) == ["must be no more than 63 bytes"]


def test_port_names() -> None:
    assert names.port_name("http-2") == []
    assert names.port_name("a--b") == ["must not contain consecutive hyphens"]
    assert names.port_name("1") == ["must contain at least one letter (a-z)"]
    assert names.port_name("abcdefghijklmnop") == ["must be no more than 15 characters"]


def test_variables_and_keys() -> None:
    assert names.variable_name("A_B.c-d") == []
    assert names.variable_name("..") == ["must not be '..'"]
    assert names.relaxed_variable_name("1 !") == [] and names.relaxed_variable_name("a=b")
    assert names.data_key("..x") == ["must not start with '..'"]


def test_path_segments() -> None:
    assert names.path_segment("system:node") == []
    assert names.path_segment("a/b%c") == ["may not contain '/'", "may not contain '%'"]
    assert names.path_segment(".") == ["may not be '.'"]


def test_a_prefix_may_end_with_a_dash() -> None:
    assert names.dns_label(names.masked("web-")) == []

"""Which addresses may be called: an address is compared by what it means, and one that is not certain is refused."""

from __future__ import annotations

import pytest

from cds_service.outbound import Outbound, address_of, under

NAMED = ("https://fhir.hospital.example/r4", "http://10.0.0.5:8080/fhir")

CALLED = [
    "https://fhir.hospital.example/r4",
    "https://fhir.hospital.example/r4/",
    "https://fhir.hospital.example:443/r4",
    "https://FHIR.Hospital.Example/r4",
    "HTTPS://fhir.hospital.example/r4",
    "https://fhir.hospital.example/r4/tenant-1",
    "http://10.0.0.5:8080/fhir",
]

REFUSED = [
    # Another scheme, host, port or path.
    "http://fhir.hospital.example/r4",
    "ftp://fhir.hospital.example/r4",
    "file:///etc/passwd",
    "gopher://fhir.hospital.example/r4",
    "https://fhir.hospital.example",
    "https://fhir.hospital.example/R4",
    "https://fhir.hospital.example/r4b",
    "https://fhir.hospital.example/",
    "https://fhir.hospital.example:8443/r4",
    "https://other.hospital.example/r4",
    "https://fhir.hospital.example.evil.example/r4",
    "https://evil.example/fhir.hospital.example/r4",
    "https://evilfhir.hospital.example/r4",
    "https://fhir.hospital.example./r4",
    # A user, a query or a fragment that hides the host.
    "https://fhir.hospital.example@evil.example/r4",
    "https://fhir.hospital.example:443@evil.example/r4",
    "https://evil.example#https://fhir.hospital.example/r4",
    "https://evil.example?https://fhir.hospital.example/r4",
    "https://fhir.hospital.example/r4?x=1",
    "https://fhir.hospital.example/r4#x",
    "https://evil.example\\@fhir.hospital.example/r4",
    "https://fhir.hospital.example\\.evil.example/r4",
    # Paths that climb or are written so that they might.
    "https://fhir.hospital.example/r4/../admin",
    "https://fhir.hospital.example/r4/./..",
    "https://fhir.hospital.example/r4/%2e%2e/admin",
    "https://fhir.hospital.example/r4/..%2fadmin",
    "https://fhir.hospital.example/%72%34",
    "https://fhir.hospital.example/r4/..;/admin",
    "https://fhir.hospital.example/r4/..;/..;/",
    "https://fhir.hospital.example/r4/..;x=1/admin",
    "https://fhir.hospital.example/r4/.;/x",
    "https://fhir.hospital.example/r4;x/tenant-1",
    "https://fhir.hospital.example/r4/tenant-1;x",
    # Blanks, control characters and other alphabets.
    " https://fhir.hospital.example/r4",
    "https://fhir.hospital.example/r4 ",
    "https://fhir.hospital.example/r4\r\nHost: evil.example",
    "https://fhir.hospital.example\t/r4",
    "https://fhir.hospital.example\x00/r4",
    "https://ｆhir.hospital.example/r4",
    "https://fhir。hospital.example/r4",
    "https://fh\u0456r.hospital.example/r4",
    # This machine, its neighbours and the cloud's metadata, in every spelling.
    "http://localhost/fhir",
    "http://127.0.0.1/fhir",
    "http://127.1/fhir",
    "http://2130706433/fhir",
    "http://0x7f000001/fhir",
    "http://0177.0.0.1/fhir",
    "http://0/fhir",
    "http://[::1]/fhir",
    "http://[::ffff:127.0.0.1]/fhir",
    "http://[fe80::1%25eth0]/fhir",
    "http://169.254.169.254/latest/meta-data",
    "http://[fd00:ec2::254]/latest",
    "http://2852039166/latest",
    "http://metadata.google.internal/",
    "http://10.0.0.6:8080/fhir",
    "http://167772165:8080/fhir",
    "http://10.0.0.5/fhir",
    "http://10.0.0.5:80/fhir",
    "http://10.5:8080/fhir",
    # A name that might resolve to anything.
    "http://localtest.me/fhir",
    "http://10.0.0.5.nip.io:8080/fhir",
    # Not an address at all.
    "",
    "fhir.hospital.example/r4",
    "//fhir.hospital.example/r4",
    "https://",
    "https:///r4",
    "https://:443/r4",
    "https://fhir.hospital.example:port/r4",
    "https://fhir.hospital.example:99999/r4",
    "https://[fhir.hospital.example/r4",
]


@pytest.mark.parametrize("url", CALLED)
def test_a_server_that_is_named_may_be_called(url: str) -> None:
    assert Outbound(NAMED).server(url) == address_of(url)
    assert address_of(url) is not None


@pytest.mark.parametrize("url", REFUSED)
def test_no_other_address_may_be_called_whatever_its_spelling(url: str) -> None:
    assert Outbound(NAMED).server(url) is None


@pytest.mark.parametrize("url", REFUSED)
def test_without_a_named_server_nothing_may_be_called(url: str) -> None:
    assert Outbound(()).server(url) is None


@pytest.mark.parametrize("url", ["https://any.example/fhir", "http://127.0.0.1:8080/fhir"])
def test_a_star_allows_any_address_that_is_certain(url: str) -> None:
    assert Outbound(("*",)).server(url) is not None
    assert Outbound(("*",)).server(url.replace("//", "//user@")) is None


LINKS = [
    ("Condition?patient=x", f"{NAMED[0]}/Condition?patient=x"),
    (f"{NAMED[0]}?page=2;x", f"{NAMED[0]}?page=2;x"),
    ("..;/admin", None),
    (f"{NAMED[0]}/..;/admin", None),
    ("../admin", None),
    ("http://[::1", None),
    ("//[", None),
]


@pytest.mark.parametrize(("link", "url"), LINKS)
def test_a_query_or_link_is_under_the_base_or_none(link: str, url: str | None) -> None:
    assert under(NAMED[0], link) == url


@pytest.mark.parametrize(
    ("link", "under"),
    [
        ("https://fhir.hospital.example/r4?page=2", True),
        ("https://fhir.hospital.example/r4/Condition?_page=%7C", True),
        ("https://fhir.hospital.example/r4/", True),
        ("https://fhir.hospital.example/r4x?page=2", False),
        ("https://fhir.hospital.example/?page=2", False),
        ("http://fhir.hospital.example/r4?page=2", False),
    ],
)
def test_a_link_leads_under_the_base_or_nowhere(link: str, under: bool) -> None:
    base, address = address_of(NAMED[0]), address_of(link)
    assert base is not None
    assert address is not None
    assert address.is_under(base) is under

"""Keys and certificates: what is kept, what is made anew, and why."""

import stat

import pytest
from cryptography import x509

from picok8s.cluster import certificates
from picok8s.cluster.certificates import Identity

NOW = 1_700_000_000.0
DAY = 86400
CA = certificates.authority("ca", NOW)
SERVER = certificates.server(("10.152.183.1", "192.0.2.1"), ("n",))


def test_a_second_start_keeps_all(tmp_path):
    assert "ca" in certificates.ensure(tmp_path, ("192.0.2.1",), "n", NOW)
    assert certificates.ensure(tmp_path, ("192.0.2.1",), "n", NOW + DAY) == {}


def test_a_new_address_renews_servers_only(tmp_path):
    certificates.ensure(tmp_path, ("192.0.2.1",), "n", NOW)
    made = certificates.ensure(tmp_path, ("192.0.2.2",), "n", NOW)
    assert made == {name: "names or addresses were added" for name in ("server", "node-server")}


def test_private_files_are_private(tmp_path):
    certificates.ensure(tmp_path, ("192.0.2.1",), "n", NOW)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert all(mode == (0o600 if name.endswith(".key") else 0o644) for name, mode in modes.items())


@pytest.mark.parametrize(
    "days, identity, authority, why",
    [
        (0, SERVER, CA, ""),
        (240, SERVER, CA, ""),
        (245, SERVER, CA, "two thirds of its life are over"),
        (0, Identity("other", hosts=SERVER.hosts, client=False), CA, "another name"),
        (0, SERVER, certificates.authority("ca", NOW), "not of this authority"),
    ],
)
def test_when_a_certificate_is_renewed(days, identity, authority, why):
    pair = certificates.issue(CA, SERVER, NOW)
    assert certificates.why_renew(pair, authority, identity, NOW + days * DAY) == why


def test_a_key_that_does_not_fit_is_noticed():
    pair = certificates.Pair(certificates.issue(CA, SERVER, NOW).certificate, certificates.new_key())
    assert certificates.why_renew(pair, CA, SERVER, NOW) == "not of this key"


def test_a_request_is_signed_without_its_key():
    key = certificates.new_key()
    request = x509.load_pem_x509_csr(certificates.request(certificates.node_client("n"), key))
    signed = certificates.sign(CA, certificates.node_client("n"), request.public_key(), NOW, 30)
    assert certificates.why_renew(certificates.Pair(signed, key), CA, certificates.node_client("n"), NOW) == ""
    assert certificates.expires_at(signed) == NOW + 30 * DAY


def test_no_certificate_outlives_its_authority():
    late = NOW + 3600 * DAY
    assert certificates.expires_at(certificates.issue(CA, SERVER, late).certificate) <= certificates.expires_at(
        CA.certificate
    )

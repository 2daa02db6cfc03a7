"""Keys and certificates of a cluster: what there must be, what is still good, and how it is made.

`ensure` is what a start calls: it keeps what exists and fits, makes the rest, and says what it made. Private files have
mode 0600 and appear whole or not at all. Keys are ECDSA P-256, which cost a start nothing; the service-account key is
RSA, as that is what readers of its tokens outside of the cluster take. Time is an argument.
"""

import ipaddress
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_DAYS = 3650
LEAF_DAYS = 365
BACKDATED = timedelta(minutes=5)  # Clocks of a cluster differ a little.
RSA_BITS = 2048
SERVICE_NAMES = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "localhost",
)
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class Identity:
    """What a certificate says: a name in groups, for clients; names and addresses, for a server."""

    name: str
    groups: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()  # DNS names and IP addresses that a server is reached by.
    client: bool = True


def server(addresses: tuple[str, ...], names: tuple[str, ...] = ()) -> Identity:
    """The API server's own certificate. `addresses` are those of the node and of the service `kubernetes`."""
    return Identity("kube-apiserver", (), _unique((*SERVICE_NAMES, *names, "127.0.0.1", "::1", *addresses)), False)


def node_server(name: str, addresses: tuple[str, ...]) -> Identity:
    """The certificate of a node's own API (logs, exec, stats)."""
    hosts = _unique((name, "localhost", "127.0.0.1", "::1", *addresses))
    return Identity(f"system:node:{name}", ("system:nodes",), hosts, False)


def node_client(name: str) -> Identity:
    """What a node shows to the API server."""
    return Identity(f"system:node:{name}", ("system:nodes",))


ADMIN = Identity("kubernetes-admin", ("system:masters",))
# The API server as a client: of nodes, and of itself.
APISERVER_CLIENT = Identity("picok8s-apiserver", ("system:masters",))
# The API server in front of an aggregated one.
FRONT_PROXY_CLIENT = Identity("front-proxy-client")


def _unique(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


# A new certificate


def authority(name: str, now: float) -> Pair:
    """A new certificate authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = _key_usage(digital_signature=True, key_cert_sign=True, crl_sign=True)
    certificate = (
        _builder(subject, subject, key.public_key(), now, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return Pair(certificate.public_bytes(serialization.Encoding.PEM), private_pem(key))


def issue(authority: Pair, identity: Identity, now: float, days: int = LEAF_DAYS) -> Pair:
    """A new key with a certificate of the authority for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Pair(sign(authority, identity, key.public_key(), now, days), private_pem(key))


def sign(
    authority: Pair, identity: Identity, public: ec.EllipticCurvePublicKey | rsa.RSAPublicKey, now: float, days: int
) -> bytes:
    """The certificate of a key that somebody else holds."""
    issuer = x509.load_pem_x509_certificate(authority.certificate)
    signer = serialization.load_pem_private_key(authority.key, None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    left = (issuer.not_valid_after_utc - datetime.fromtimestamp(now, UTC)).days
    builder = (
        _builder(_subject(identity), issuer.subject, public, now, min(days, left))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(digital_signature=True, key_encipherment=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([CLIENT if identity.client else SERVER]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if identity.hosts:
        names = x509.SubjectAlternativeName([_host(host) for host in identity.hosts])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def request(identity: Identity, key_pem: bytes) -> bytes:
    """A signing request for a key, PEM: how a machine asks for a certificate without showing its key."""
    key = serialization.load_pem_private_key(key_pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    builder = x509.CertificateSigningRequestBuilder().subject_name(_subject(identity))
    if identity.hosts:
        names = x509.SubjectAlternativeName([_host(host) for host in identity.hosts])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def new_key() -> bytes:
    """A private key, PEM."""
    return private_pem(ec.generate_private_key(ec.SECP256R1()))


def service_account_key() -> bytes:
    """The key that signs service-account tokens, PEM."""
    return private_pem(rsa.generate_private_key(65537, RSA_BITS))


def public_pem(key_pem: bytes) -> bytes:
    key = serialization.load_pem_private_key(key_pem, None)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form)


def private_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, plain)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    now: float,
    days: int,
) -> x509.CertificateBuilder:
    start = datetime.fromtimestamp(now, UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - BACKDATED)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _subject(identity: Identity) -> x509.Name:
    groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in identity.groups]
    return x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, identity.name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_usage(
    digital_signature: bool = False,
    key_encipherment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


# What is still good


def renew_at(certificate_pem: bytes) -> float:
    """The moment from which a certificate is to be renewed: two thirds of its life."""
    certificate = x509.load_pem_x509_certificate(certificate_pem)
    start, end = certificate.not_valid_before_utc.timestamp(), certificate.not_valid_after_utc.timestamp()
    return start + (end - start) * 2 / 3


def expires_at(certificate_pem: bytes) -> float:
    return x509.load_pem_x509_certificate(certificate_pem).not_valid_after_utc.timestamp()


def why_renew(pair: Pair | None, authority: Pair, identity: Identity, now: float) -> str:
    """Why a certificate must be made anew; "" when it is still good."""
    if pair is None:
        return "missing"
    try:
        certificate = x509.load_pem_x509_certificate(pair.certificate)
        key = serialization.load_pem_private_key(pair.key, None)
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate))
    except (ValueError, TypeError, InvalidSignature):
        return "not of this authority"
    if certificate.public_key() != key.public_key():
        return "not of this key"
    if certificate.subject != _subject(identity):
        return "another name"
    try:
        present = set(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        present = set()
    if not {_host(host) for host in identity.hosts} <= present:
        return "names or addresses were added"
    return "two thirds of its life are over" if now >= renew_at(pair.certificate) else ""


# Files


def write(path: Path, data: bytes, mode: int = 0o600) -> None:
    """A file that is there whole or not at all, also after a crash."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_name(f".{path.name}.new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


def read(folder: Path, name: str) -> Pair | None:
    """The pair NAME.crt and NAME.key, when both are there."""
    try:
        return Pair((folder / f"{name}.crt").read_bytes(), (folder / f"{name}.key").read_bytes())
    except FileNotFoundError:
        return None


def save(folder: Path, name: str, pair: Pair) -> None:
    write(folder / f"{name}.key", pair.key)
    write(folder / f"{name}.crt", pair.certificate, 0o644)


def ensure_authority(folder: Path, name: str, common_name: str, now: float) -> tuple[Pair, bool]:
    """The authority NAME.crt, NAME.key, made when it is missing; whether it was made."""
    found = read(folder, name)
    if found is not None:
        return found, False
    made = authority(common_name, now)
    save(folder, name, made)
    return made, True


def ensure_pair(folder: Path, name: str, authority: Pair, identity: Identity, now: float) -> tuple[Pair, str]:
    """The certificate NAME.crt, NAME.key, made anew when it has to be; why it was made ("" when it was kept)."""
    found = read(folder, name)
    why = why_renew(found, authority, identity, now)
    if found is not None and not why:
        return found, ""
    made = issue(authority, identity, now)
    save(folder, name, made)
    return made, why


def ensure(folder: Path, addresses: tuple[str, ...], node: str, now: float) -> dict[str, str]:
    """All of a control-plane machine's files in `folder`. Returns what was made: file name -> why."""
    ca, new = ensure_authority(folder, "ca", "picok8s-ca", now)
    proxy_ca, new_proxy = ensure_authority(folder, "front-proxy-ca", "picok8s-front-proxy-ca", now)
    made = {name: "missing" for name, is_new in (("ca", new), ("front-proxy-ca", new_proxy)) if is_new}
    wanted = {
        "server": server(addresses, (node,)),
        "admin": ADMIN,
        "apiserver-client": APISERVER_CLIENT,
        "node-client": node_client(node),
        "node-server": node_server(node, addresses),
    }
    for name, identity in wanted.items():
        _, why = ensure_pair(folder, name, ca, identity, now)
        if why:
            made[name] = why
    _, why = ensure_pair(folder, "front-proxy-client", proxy_ca, FRONT_PROXY_CLIENT, now)
    if why:
        made["front-proxy-client"] = why
    if not (folder / "service-account.key").exists():
        key = service_account_key()
        write(folder / "service-account.pub", public_pem(key), 0o644)
        write(folder / "service-account.key", key)
        made["service-account"] = "missing"
    return made

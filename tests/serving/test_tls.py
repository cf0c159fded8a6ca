"""HTTPS with a certificate, without a proxy."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from serving.startup import StartupError, check_tls
from tests.serving.support import served


@pytest.fixture
def certificate(tmp_path):
    """A self-signed certificate of 127.0.0.1 and its key, as two PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "auditune")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "cert.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    for file, encryption in (
        ("key.pem", serialization.NoEncryption()),
        ("encrypted.pem", serialization.BestAvailableEncryption(b"passphrase")),
    ):
        (tmp_path / file).write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
        )
    return tmp_path


def test_it_answers_over_tls_and_not_without(settings, champion, certificate):
    files = {"tls_cert": certificate / "cert.pem", "tls_key": certificate / "key.pem"}
    safe = settings.model_copy(update=files)
    check_tls(safe)
    with served(safe, champion) as url:
        trusting = ssl.create_default_context(cafile=certificate / "cert.pem")
        assert httpx.get(f"{url}/version", verify=trusting).json()["adapter_id"] == "aaaabbbbcccc"
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"{url}/version")  # nobody has vouched for it
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{url}/version".replace("https", "http"))


@pytest.mark.parametrize(
    ("cert", "key", "sentence"),
    [
        ("cert.pem", None, "belong together"),
        (None, "key.pem", "belong together"),
        ("nowhere.pem", "key.pem", "FileNotFoundError"),
        ("key.pem", "key.pem", "PEM files that fit each other"),
        ("cert.pem", "encrypted.pem", "without a passphrase"),
    ],
)
def test_what_cannot_be_used_is_told_before_the_api_listens(settings, certificate, cert, key, sentence):
    files = {"tls_cert": cert and certificate / cert, "tls_key": key and certificate / key}
    with pytest.raises(StartupError, match=sentence):
        check_tls(settings.model_copy(update=files))

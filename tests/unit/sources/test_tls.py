import pytest
import trustme

from streamer.errors import UsageError
from streamer.sources.tls import Certificate


@pytest.fixture
def files(tmp_path):
    return tmp_path / "cert.pem", tmp_path / "key.pem"


def write(files, authority=None):
    cert, key = files
    issued = (authority or trustme.CA()).issue_cert("localhost", "127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(cert)
    issued.private_key_pem.write_to_path(key)
    return issued


def test_files_that_cannot_be_read_are_one_line(files):
    with pytest.raises(UsageError, match="cert.pem cannot be read"):
        Certificate(*files)


def test_files_that_are_no_certificate_are_one_line(files):
    for file in files:
        file.write_text("nonsense")
    with pytest.raises(UsageError, match="no certificate and its key"):
        Certificate(*files)


def test_a_change_that_fits_is_taken_up_in_silence(files):
    write(files)
    certificate, said = Certificate(*files), list[str]()
    context = certificate.context
    write(files)
    certificate.refresh(said.append)
    assert certificate.context is context
    assert said == []


def test_half_a_change_is_said_once_and_spoils_nothing(files):
    write(files)
    certificate, said = Certificate(*files), list[str]()
    trustme.CA().issue_cert("localhost").private_key_pem.write_to_path(files[1])
    certificate.refresh(said.append)
    certificate.refresh(said.append)
    (line,) = said
    assert line.endswith("still encrypted with the certificate from before")

"""Reading when a certificate ends."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from shared.certificates import Certificates, first_end

FAR = datetime(2061, 5, 6, 7, 8, 9, tzinfo=UTC)  # GeneralizedTime; years before 2050 are UTCTime
NEAR = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("end", [NEAR, FAR])
def test_the_end_is_what_the_certificate_says(end: datetime) -> None:
    made = trustme.CA().issue_cert("gateway.example", not_after=end)
    pem = made.cert_chain_pems[0].bytes()

    assert x509.load_pem_x509_certificate(pem).not_valid_after_utc == end
    assert first_end(pem.decode()) == end.timestamp()


def test_of_a_chain_the_first_end_counts() -> None:
    authority = trustme.CA()
    near = authority.issue_cert("a.example", not_after=NEAR).cert_chain_pems[0].bytes()
    far = authority.issue_cert("b.example", not_after=FAR).cert_chain_pems[0].bytes()

    assert first_end((far + near).decode()) == NEAR.timestamp()


@pytest.mark.parametrize(
    "text",
    ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
)
def test_of_what_is_no_certificate_nothing_is_told(text: str) -> None:
    assert first_end(text) is None


def test_a_renewed_file_is_read_again_and_a_missing_one_is_no_fault(tmp_path: Path) -> None:
    file = tmp_path / "tls.pem"
    source = Certificates({("dimse", ""): file})
    assert list(source()) == []
    authority = trustme.CA()
    file.write_bytes(authority.issue_cert("a.example", not_after=NEAR).cert_chain_pems[0].bytes())
    [before] = source()
    file.write_bytes(authority.issue_cert("a.example", not_after=FAR).cert_chain_pems[0].bytes())
    [after] = source()

    assert before.labels == ("dimse", "")
    assert isinstance(after.value, float)
    assert isinstance(before.value, float)
    assert after.value - before.value == pytest.approx((FAR - NEAR).total_seconds(), abs=60)

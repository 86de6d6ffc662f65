"""Two processes may need the certificate authority for the first time at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from kuaidai.lending.origination.contracts.certificates import Authority

NOW = datetime.now(UTC)


def test_eight_at_once_make_one_authority(tmp_path):
    def open_it(_):
        return Authority(tmp_path / "pki", lender="示范贷款人", now=NOW).trust_root.read_bytes()

    with ThreadPoolExecutor(8) as pool:
        roots = set(pool.map(open_it, range(8)))

    assert len(roots) == 1


def test_a_pair_cut_short_by_a_crash_is_remade(tmp_path):
    first = Authority(tmp_path / "pki", lender="示范贷款人", now=NOW)
    (first.folder / "lender.pem").unlink()  # killed between the key and the certificate

    again = Authority(tmp_path / "pki", lender="示范贷款人", now=NOW)

    assert again.trust_root.read_bytes() == first.trust_root.read_bytes()
    assert again.seal.serial != first.seal.serial

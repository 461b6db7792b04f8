from worker.contracts.tokens import VendorToken


def test_where_a_token_is_shown_its_text_is_not() -> None:
    token = VendorToken("acctk-canary", 3600)

    assert repr(token) == f"{token}" == "VendorToken(life_s=3600)"

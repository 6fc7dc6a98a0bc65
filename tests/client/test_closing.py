"""What a client does after each close code."""

import pytest

from client.closing import SENTENCES, AfterClose, after_close
from rooms.protocol import MAY_RETURN, Close


@pytest.mark.parametrize("code", Close)
def test_a_client_comes_back_exactly_when_the_protocol_says_so(code: Close) -> None:
    comes_back = after_close(code) not in (AfterClose.STAY_AWAY, AfterClose.NEW_TICKET)
    assert comes_back == MAY_RETURN[code]


@pytest.mark.parametrize("code", [code for code in Close if not MAY_RETURN[code]])
def test_a_code_that_ends_the_visit_has_a_sentence(code: Close) -> None:
    assert SENTENCES[code].endswith(".")


@pytest.mark.parametrize("code", [1000, 1001, 1005, 1006, 1011, 1013, 1014, 4000, 4499])
def test_a_client_comes_back_when_the_network_or_a_proxy_ended_the_connection(code: int) -> None:
    assert after_close(code) is AfterClose.PAUSE


@pytest.mark.parametrize("code", [1002, 1003, 1007, 1008, 4500, 4999])
def test_a_client_stays_away_when_it_would_only_be_closed_again(code: int) -> None:
    assert after_close(code) is AfterClose.STAY_AWAY


@pytest.mark.parametrize("code", [Close.TICKET_INVALID, Close.HELLO_EXPECTED])
def test_a_client_asks_for_another_ticket_where_one_may_mend_it(code: Close) -> None:
    """As the page does: a hello that a bad network held up too long is nobody's fault."""
    assert after_close(code) is AfterClose.NEW_TICKET

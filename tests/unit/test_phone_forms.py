"""The ways in which providers want a number written."""

from notifier.sms.providers.numbers import international, is_iranian, is_iranian_mobile, written


def test_a_number_of_iran() -> None:
    assert written("09121234567") == {
        "to": "09121234567",
        "to_e164": "+989121234567",
        "to_98": "989121234567",
        "to_0098": "00989121234567",
        "to_9": "9121234567",
    }
    assert is_iranian_mobile("09121234567")
    assert is_iranian("02191001234")
    assert not is_iranian_mobile("02191001234")


def test_a_number_of_elsewhere() -> None:
    assert written("+97455123456")["to_0098"] == "0097455123456"
    assert international("+97455123456") == "97455123456"
    assert not is_iranian("+97455123456")

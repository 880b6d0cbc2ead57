"""Bots of messengers with the API of Telegram, as Bale has it too: they remind the staff and take their answers."""

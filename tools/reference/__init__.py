"""The reference pages of docs/, written from the code: configuration, events, states, commands."""

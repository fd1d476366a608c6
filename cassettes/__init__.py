"""Recorded interactions with the services, replayed offline. All of them are synthetic."""

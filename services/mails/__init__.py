"""Mails to single persons, who have chosen them on their account page."""

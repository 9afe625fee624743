"""Pneumonia on chest X-rays: one probability an image."""

"""Bytes by id, both ways: pictures, masks, reports and charts out, uploads in."""

"""Suitability: is a scan a brain MRI, a chest X-ray, or nothing that Lightbox reads?"""

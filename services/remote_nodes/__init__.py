"""Other systems that Lightbox talks to: which there are, how one reaches each kind, whether they answer."""

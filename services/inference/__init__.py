"""In-process inference: a batcher that knows nothing of torch, an engine that does."""

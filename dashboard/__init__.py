"""Everything Dash and HTTP. Nothing but the composition root imports it."""

"""Text that is burned into pictures: looked for before they leave, and decided on by a person."""

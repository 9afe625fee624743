"""The encoders that a network can be built on: one word of the recipe, kept with the version."""

from __future__ import annotations

from enum import StrEnum

from data.errors import InvalidInput


class Encoder(StrEnum):
    """What looks at the picture; `timm_name` is what the library calls it."""

    LITE0 = "efficientnet-lite0"
    LITE2 = "efficientnet-lite2"
    RESNET50 = "resnet50"

    @property
    def timm_name(self) -> str:
        """The name that `timm.create_model` knows."""
        return self.value.replace("efficientnet-", "tf_efficientnet_")

    @property
    def last_layer(self) -> str:
        """The name of the layer after the pooling, which knows ImageNet's classes."""
        return "fc" if self is Encoder.RESNET50 else "classifier"


def encoder_named(name: str) -> Encoder:
    """The encoder that a version's settings name; raises InvalidInput for one that is not known here."""
    try:
        return Encoder(name)
    except ValueError:
        raise InvalidInput(f"There is no encoder called {name}; known are {', '.join(Encoder)}.") from None

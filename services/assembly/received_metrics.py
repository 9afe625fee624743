"""What the DICOM node received, as numbers that Prometheus collects."""

from __future__ import annotations

from prometheus_client.core import GaugeMetricFamily, Metric

from services.assembly.receiving import ReceivingServices


def received_metrics(receiving: ReceivingServices) -> list[Metric]:
    """Instances, studies, and how long each sender has paused."""
    instances = GaugeMetricFamily(
        "lightbox_dicom_instances", "Instances received and handed over", labels=["ae_title", "address"]
    )
    studies = GaugeMetricFamily("lightbox_dicom_studies", "Received studies by state", labels=["state"])
    senders, received = receiving.received.counts()
    for known in senders:
        instances.add_metric([known.sender.ae_title, known.sender.address], known.instances)
    for reached, number in received.items():
        studies.add_metric([reached], number)
    return [instances, studies, _pauses(receiving)]


def _pauses(receiving: ReceivingServices) -> Metric:
    """A sender that is not learnt yet, or is retired or muted, is not named."""
    pauses = GaugeMetricFamily(
        "lightbox_dicom_sender_pause",
        "A sender's pause in multiples of its usual one; at 2 it is silent",
        labels=["ae_title"],
    )
    for sender in receiving.senders.called():
        assert sender.pause is not None
        pauses.add_metric([sender.ae_title], sender.pause.times_usual)
    return pauses

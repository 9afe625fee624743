"""DICOM Encapsulated PDF: the report of a reading, in the study."""

from __future__ import annotations

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import PYDICOM_IMPLEMENTATION_UID, UID, ExplicitVRLittleEndian

from reports.dicom.origin import Origin
from reports.dicom.references import Reference, instances

KIND = "pdf"
SERIES_NUMBER = 9005
SOP_CLASS = "1.2.840.10008.5.1.4.1.1.104.1"


def reference(origin: Origin) -> Reference:
    """How the report of these is named by another object."""
    return Reference(SOP_CLASS, origin.uid(KIND), origin.uid(KIND, "series"))


def encapsulated_pdf(origin: Origin, pdf: bytes, title: str) -> bytes:
    """The file."""
    made, equipment = origin.study(), origin.equipment()
    made.file_meta = FileMetaDataset()
    made.file_meta.MediaStorageSOPClassUID = UID(SOP_CLASS)
    made.file_meta.MediaStorageSOPInstanceUID = UID(origin.uid(KIND))
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.ImplementationClassUID = PYDICOM_IMPLEMENTATION_UID
    made.preamble = b"\x00" * 128
    made.SOPClassUID, made.SOPInstanceUID = SOP_CLASS, origin.uid(KIND)
    made.Modality, made.SeriesInstanceUID = "DOC", origin.uid(KIND, "series")
    made.SeriesNumber, made.InstanceNumber = SERIES_NUMBER, 1
    made.SeriesDescription = "Lightbox report of a reading"
    made.Manufacturer = equipment["manufacturer"]
    made.ManufacturerModelName = equipment["manufacturer_model_name"]
    made.SoftwareVersions = equipment["software_versions"]
    made.DeviceSerialNumber = equipment["device_serial_number"]
    made.ConversionType = "WSD"
    made.InstanceCreationDate = made.ContentDate = made.AcquisitionDateTime = ""
    made.BurnedInAnnotation = "YES"
    made.DocumentTitle = title
    made.ConceptNameCodeSequence = DicomSequence([_title()])
    made.SourceInstanceSequence = DicomSequence([_named(instance) for instance in instances(origin)])
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.EncapsulatedDocumentLength = len(pdf)
    made.EncapsulatedDocument = pdf + b"\x00" * (len(pdf) % 2)
    return origin.file(made, KIND)


def _named(instance: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = instance.SOPClassUID
    item.ReferencedSOPInstanceUID = instance.SOPInstanceUID
    return item


def _title() -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = "18748-4", "LN"
    item.CodeMeaning = "Diagnostic imaging report"
    return item

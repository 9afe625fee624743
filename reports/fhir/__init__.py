"""Results as HL7 FHIR resources: content in, JSON out, a file a kind of resource."""

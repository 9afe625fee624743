"""Text in pictures: where it is, and whether it may say who the patient is.

- `detector`: networks that find and read text (PP-OCRv6, of the package rapidocr, run by OpenVINO)
- `markers`: words that stand on radiographs and say nobody's name
- `rule`: which of what was found holds a picture
- `redaction`: boxes made black
"""

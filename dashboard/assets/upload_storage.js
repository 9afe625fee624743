/* What the browser keeps of an upload, so that it goes on after a reload: no name of a file, which often is a patient's. */

(function (lightbox) {
  "use strict";

  /** tus's storage, without the metadata, which resuming needs nothing of. */
  function nameless(storage) {
    return {
      findAllUploads: () => storage.findAllUploads(),
      findUploadsByFingerprint: (fingerprint) => storage.findUploadsByFingerprint(fingerprint),
      removeUpload: (key) => storage.removeUpload(key),
      addUpload: (fingerprint, upload) => storage.addUpload(fingerprint, { ...upload, metadata: {} }),
    };
  }

  lightbox.uploadStorage = { nameless: nameless };
})(window.lightbox);

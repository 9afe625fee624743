/* Voxels as the bytes of a NIfTI-1 file, which is what the three-dimensional view takes. */

(function (lightbox) {
  "use strict";

  const HEADER = 352;
  const CODES = { Uint8Array: 2, Int16Array: 4, Uint16Array: 512, Float32Array: 16 };
  const RIGHT_TO_LEFT = -1;

  /** How far apart voxels are taken so that at most `most` are left: 1 is each of them. */
  function strideFor(shape, most) {
    let stride = 1;
    while (shape.reduce((count, length) => count * Math.ceil(length / stride), 1) > most) stride++;
    return stride;
  }

  /** Every `stride`th voxel along each axis. */
  function thinned(voxels, shape, stride) {
    if (stride === 1) return { voxels, shape };
    const size = shape.map((length) => Math.ceil(length / stride));
    const out = new voxels.constructor(size[0] * size[1] * size[2]);
    let at = 0;
    for (let s = 0; s < shape[0]; s += stride) {
      for (let r = 0; r < shape[1]; r += stride) {
        const row = (s * shape[1] + r) * shape[2];
        for (let c = 0; c < shape[2]; c += stride) out[at++] = voxels[row + c];
      }
    }
    return { voxels: out, shape: size };
  }

  /** Three rows to mm from (column, row, slice), the file's own order; without a place as it is looked at. */
  function rowsOf({ affine, placed, spacing }, stride) {
    if (affine && placed) return affine.map((row) => [row[2] * stride, row[1] * stride, row[0] * stride, row[3]]);
    const [slice, row, column] = spacing.map((mm) => (mm ?? 1) * stride);
    return [[RIGHT_TO_LEFT * column, 0, 0, 0], [0, -row, 0, 0], [0, 0, slice, 0]];
  }

  /** The file of an array in (slice, row, column) order. `grid` is { shape, affine, placed, spacing }. */
  function file(array, grid, stride = 1) {
    const { voxels, shape } = thinned(array, grid.shape, stride);
    const bytes = new Uint8Array(HEADER + voxels.byteLength);
    const view = new DataView(bytes.buffer);
    view.setInt32(0, 348, true);
    [3, shape[2], shape[1], shape[0], 1, 1, 1, 1].forEach((length, at) => view.setInt16(40 + 2 * at, length, true));
    view.setInt16(70, CODES[voxels.constructor.name], true);
    view.setInt16(72, 8 * voxels.BYTES_PER_ELEMENT, true);
    const rows = rowsOf(grid, stride);
    const mm = [0, 1, 2].map((axis) => Math.hypot(...rows.map((row) => row[axis])));
    [1, ...mm].forEach((value, at) => view.setFloat32(76 + 4 * at, value, true));
    view.setFloat32(108, HEADER, true);
    view.setFloat32(112, 1, true); // slope
    view.setUint8(123, 2); // mm
    view.setInt16(254, 1, true); // sform: scanner's coordinates
    rows.flat().forEach((value, at) => view.setFloat32(280 + 4 * at, value, true));
    bytes.set([0x6e, 0x2b, 0x31, 0], 344); // n+1
    bytes.set(new Uint8Array(voxels.buffer, voxels.byteOffset, voxels.byteLength), HEADER);
    return bytes.buffer;
  }

  lightbox.nifti = { file, strideFor };
})(window.lightbox);

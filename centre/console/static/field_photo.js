// A photo made small enough for a weak line before it is kept: drawn anew, so that nothing but the picture is left.

const SIDE = 1600;
const LEAST = 400000; // bytes: what is smaller is left alone

/** Raises where it is no picture. @param {File} file @returns {Promise<Blob>} */
export async function small(file) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
  if (scale === 1 && file.size < LEAST && /^image\/(jpeg|png)$/.test(file.type)) return file;
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const made = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.82));
  if (!made) throw new Error("no picture");
  return /** @type {Blob} */ (made);
}

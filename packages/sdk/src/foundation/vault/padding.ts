/** No sealed file is shorter than this, so that short documents look alike. */
export const MINIMUM_PADDED_BYTES = 4096;

/**
 * The length a document of `length` bytes is padded to (Padmé): the number keeps only as many significant bits as its
 * own bit length has bits, so that at most log log of the length is revealed and at most 12 % is added.
 */
export function paddedLength(length: number): number {
  if (length <= MINIMUM_PADDED_BYTES) return MINIMUM_PADDED_BYTES;
  const exponent = Math.floor(Math.log2(length));
  const significant = Math.floor(Math.log2(exponent)) + 1;
  const step = 2 ** (exponent - significant);
  return Math.ceil(length / step) * step;
}

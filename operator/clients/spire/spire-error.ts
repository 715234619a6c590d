/** SPIRE could not be asked, or did not do it. Time may mend it. */
export class SpireError extends Error {
  override readonly name = "SpireError";
}

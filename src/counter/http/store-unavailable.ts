// The error that is answered with 503: the client may retry.

/** The store failed, or did not answer in time: the outcome of a change is unknown. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}

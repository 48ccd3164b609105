/** The store failed, or did not answer in time: the outcome of a change is unknown, the client may try again. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}

/** The code of the error of a commit to a session that was destroyed, or expired, meanwhile. */
export const ERR_SESSION_GONE = 'ERR_SESSION_GONE'

/** The store failed, or did not answer in time: the outcome of a change is unknown, the client may try again. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}

// What the page shows, shared by the server and the script.
import type { StoreName } from '../../config/store-names.js'
import type { Instance, LiveInstance } from '../../instances/instance.js'
import type { Visit } from '../../visit/trail.js'

/** What the page shows, as the server sends it and the browser's script keeps it. */
export interface PageState {
  /** null: this browser has no session. */
  readonly visits: number | null
  readonly trail: readonly Visit[]
  /** Who answered last. */
  readonly instance: Instance
  readonly store: StoreName
  readonly instances: readonly LiveInstance[]
}

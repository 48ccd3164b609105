// The file through which a running demo takes orders.
/** In the data folder of a demo that runs. */
export const CONTROL_FILE = 'control.json'

/** Where a demo takes orders: POST to `url` with `token`. Only its user can read it, so no page in a browser can. */
export interface ControlFile {
  url: string
  token: string
  /** The demo's own URL. */
  demo: string
}

// What the routes need of the page.
import type { Request } from 'express'
import type { Visit } from './trail.js'

/** What a session holds for the page; visits are null if there is no session. */
export interface SessionView {
  readonly visits: number | null
  readonly trail: readonly Visit[]
}

/** @returns the page of a session, as HTML. */
export type ShowPage = (req: Request, session: SessionView) => string

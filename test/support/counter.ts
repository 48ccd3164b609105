import { pino } from 'pino'
import type { Response } from 'supertest'
import { compose, type Parts } from '../../src/counter/compose.js'
import type { Environment } from '../../src/counter/config/environment.js'
import { readSettings } from '../../src/counter/config/settings.js'
import type { ExitMode } from '../../src/counter/instances/chaos-routes.js'

/** The counter in this process, as server.ts composes it, with its parts at hand. */
export interface Counter extends Parts {
  /** The lines that it logged. */
  readonly log: string[]
  readonly exits: ExitMode[]
  close(): void
}

export function createCounter(environment: Environment): Counter {
  const settings = readSettings(environment)
  const log: string[] = []
  const exits: ExitMode[] = []
  const logger = pino({ level: settings.logLevel }, { write: (line) => log.push(line) })
  const parts = compose(settings, { log: logger, exit: (mode) => exits.push(mode) })
  parts.client?.on('error', () => {})
  return { ...parts, log, exits, close: () => parts.client?.disconnect() }
}

/** @returns the cookie that an answer sets, as a browser sends it back. */
export function cookieOf(response: Response): string {
  return String(response.get('Set-Cookie')?.[0]).split(';')[0] ?? ''
}

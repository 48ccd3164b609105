import type { Request, RequestHandler } from 'express'
import session from 'express-session'
import { DurabilityUnsupportedError, ExactRedisStore, type UpdateOnLoad } from '../../store/index.js'
import type { Settings } from '../config/settings.js'
import { SettingsError } from '../config/settings-error.js'
import type { StoreName } from '../config/store-names.js'
import type { Metrics } from '../metrics/metrics.js'
import type { RedisClient } from '../redis/connect.js'
import { COUNTED } from '../visit/count-visit.js'
import { ConnectRedisStore } from './connect-redis-store.js'
import { reporting } from './operations.js'
import { saveAndWait } from './save-and-wait.js'

/** A session store, and how a change of a session is committed to it; the counter doesn't know which one it has. */
export interface SessionStore {
  readonly name: StoreName
  /** What the middleware express-session takes. */
  readonly forExpress: session.Store
  /** ms after which the cookie, and with it the session, expires; undefined where the store has a clock of its own. */
  readonly cookieMaxAge?: number
  /** Whether a commit leaves nothing to do at the request's end, where the browser has its cookie: neither a save nor a touch. */
  readonly commitsAll: boolean
  /** Asks Redis whether it can do what the settings want. @throws SettingsError where it can't. */
  check?(): Promise<void>
  /** Makes a middleware that loads the session commit an update on the way; then `req.sessionUpdate` says what came of it. */
  updateOnLoad?(withSession: RequestHandler, updateOf: (req: Request) => UpdateOnLoad): RequestHandler
  /**
   * Commits the request's session. With an idempotency key that was committed before, it changes nothing.
   * @returns the visits that this commit made, or those that the key's first commit made.
   * @throws StoreUnavailable or StoreError if the outcome is unknown, SessionGoneError if the session has ended.
   */
  commit(req: Request, idempotencyKey?: string): Promise<number>
}

type StoreSettings = Settings['session'] & Pick<Settings, 'keyPrefix'>

/** Opens the store that the settings name; all but `memory` need the client. */
export function openStore(
  settings: StoreSettings,
  client: RedisClient | undefined,
  metrics: Metrics,
): SessionStore {
  const { ttlSeconds: ttl, keyPrefix } = settings
  switch (settings.store) {
    case 'memory':
      return {
        name: settings.store,
        forExpress: reporting(new session.MemoryStore(), metrics),
        cookieMaxAge: ttl * 1000,
        commitsAll: false,
        commit: saveAndWait,
      }
    case 'connect-redis':
      return {
        name: settings.store,
        forExpress: reporting(new ConnectRedisStore({ client, ttl, prefix: `${keyPrefix}sess:` }), metrics),
        commitsAll: false,
        commit: saveAndWait,
      }
    case 'exact':
      return openExact(settings, client, metrics)
  }
}

function openExact(
  { ttlSeconds: ttl, deadlineMs, durability, keyPrefix }: StoreSettings,
  client: RedisClient | undefined,
  metrics: Metrics,
): SessionStore {
  if (!client) throw new TypeError('the exact store needs a client')
  const store = new ExactRedisStore({
    ...COUNTED,
    client,
    prefix: `${keyPrefix}sess:`,
    ttl,
    deadlineMs,
    durability,
    onGone: 'error',
    // In a Cluster: what connectRedis does with each connection to a node.
    prepareConnection(connection) {
      for (const prepare of client.listeners('+node')) prepare(connection)
    },
  })
  store
    .on('load', (ms, outcome) => metrics.operation('get', outcome, ms / 1_000))
    .on('retry', () => metrics.retry())
    .on('conflict', () => metrics.conflict())
    .on('duplicate', () => metrics.duplicate())
  for (const operation of ['commit', 'touch', 'destroy', 'regenerate'] as const)
    store.on(operation, (ms, outcome) => metrics.operation(operation, outcome, ms / 1_000))
  return {
    name: 'exact',
    forExpress: store,
    commitsAll: true,
    check: () => store.check().catch(refuseSettings),
    updateOnLoad: (withSession, updateOf) => store.updateOnLoad(withSession, updateOf),
    async commit({ session }, idempotencyKey) {
      await store.commit(session, { idempotencyKey })
      return session.visits ?? 0
    },
  }
}

function refuseSettings(error: Error): never {
  if (!(error instanceof DurabilityUnsupportedError)) throw error
  const { message: said } = error.cause as Error
  throw new SettingsError(
    'REDIS_DURABILITY',
    `disk needs Redis or Valkey 7.2, or later, and appendonly yes (this one says: ${said.trim()}); expected primary or replicas:N here`,
  )
}

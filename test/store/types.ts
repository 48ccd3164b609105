// What the types of the store allow, and what they don't: checked by tsc (`npm run check`), never run.
import type { RequestHandler } from 'express'
import type { SessionData } from 'express-session'
import * as ioredis6 from 'ioredis'
import * as ioredis5 from 'ioredis-5'
import * as iovalkey from 'iovalkey'
import * as redis5 from 'redis-5'
import * as redis6 from 'redis-6'
import {
  type ConvertedSession,
  ExactRedisStore,
  type ExactRedisStoreOptions,
  type SessionUpdate,
  StoreError,
} from '../../src/store/index.js'
import { CLIENTS, standalone } from '../support/clients.js'

declare const sessions: RequestHandler
const { client } = CLIENTS['ioredis 6'](standalone(1))

interface Shop {
  visits: number
  clicks?: number
  user: string
  trail: string[]
  items?: readonly { id: number }[]
  anything: unknown
}

export async function ofAnApp() {
  // Without an argument: what the app has declared as SessionData.
  const store = new ExactRedisStore({ client, counters: ['visits'], cappedLists: { trail: 20 } })
  // @ts-expect-error: it declares no such key
  new ExactRedisStore({ client, counters: ['visit'] })
  // @ts-expect-error: a list is not a counter
  new ExactRedisStore({ client, counters: ['trail'] })
  // @ts-expect-error: a number is not a list
  new ExactRedisStore({ client, cappedLists: { visits: 20 } })
  // @ts-expect-error: the cookie is neither
  new ExactRedisStore({ client, counters: ['cookie'] })
  const found: SessionData | null = await store.get('sid')
  const visits: number | undefined = found?.visits
  store.updateOnLoad(sessions, () => ({ add: { visits: 1 }, append: { trail: ['now'] }, keys: ['visits'] }))
  return visits
}

export async function ofAType() {
  const store = new ExactRedisStore<Shop>({
    client,
    counters: ['visits', 'clicks', 'anything'],
    cappedLists: { trail: 20, items: 5 },
    ttl: ({ user, cookie }) => (user && cookie.originalMaxAge) || 60,
  })
  // @ts-expect-error: text is not a number
  new ExactRedisStore<Shop>({ client, counters: ['user'] })
  // @ts-expect-error: text is not a list
  new ExactRedisStore<Shop>({ client, cappedLists: { user: 20 } })
  const made = await store.update('sid', { add: { clicks: 1 }, append: { items: [{ id: 1 }] } })
  // @ts-expect-error: entries of another type
  await store.update('sid', { append: { items: ['1'] } })
  // @ts-expect-error: to a list nothing is added
  await store.update('sid', { add: { items: 1 } })
  // @ts-expect-error: the same as a request's session is loaded
  store.updateOnLoad(sessions, () => ({ add: { user: 1 } }))
  const all = await store.all()
  const user: string | undefined = all[0]?.user
  const options: ExactRedisStoreOptions<Shop> = { client, counters: ['visits'] }
  const update: SessionUpdate<Shop> = { add: { visits: 1 } }
  return { made, user, options, update }
}

export function ofNoType() {
  // Of keys that nobody has declared nothing is known, so each name will do.
  const cookieOnly = new ExactRedisStore<Pick<SessionData, 'cookie'>>({ client, counters: ['any'] })
  const record = new ExactRedisStore<Record<string, unknown>>({ client, cappedLists: { any: 3 } })
  return [cookieOnly.update('sid', { add: { any: 1 } }), record.update('sid', { append: { any: [1, 'a'] } })]
}

export function ofEachClient() {
  const rootNodes = [{ url: 'redis://127.0.0.1:1' }]
  const sentinel = { name: 'main', sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] }
  return [
    new ExactRedisStore({ client: new ioredis6.Redis() }),
    new ExactRedisStore({ client: new ioredis6.Cluster([]) }),
    new ExactRedisStore({ client: new ioredis5.Redis() }),
    new ExactRedisStore({ client: new ioredis5.Cluster([]) }),
    new ExactRedisStore({ client: new iovalkey.Redis() }),
    new ExactRedisStore({ client: new iovalkey.Cluster([]) }),
    new ExactRedisStore({ client: redis6.createClient() }),
    new ExactRedisStore({ client: redis6.createClient({ RESP: 2 }) }),
    new ExactRedisStore({ client: redis6.createCluster({ rootNodes }) }),
    new ExactRedisStore({ client: redis6.createSentinel(sentinel) }),
    new ExactRedisStore({ client: redis5.createClient() }),
    new ExactRedisStore({ client: redis5.createClient({ RESP: 3 }) }),
    new ExactRedisStore({ client: redis5.createCluster({ rootNodes }) }),
    new ExactRedisStore({ client: redis5.createSentinel(sentinel) }),
  ]
}

export function itsEvents(store: ExactRedisStore) {
  store
    .on('commit', (ms: number, outcome: 'ok' | 'gone' | 'error') => [ms, outcome])
    .once('unextended', (reason: string) => reason)
    .off('gone', () => {})
  // @ts-expect-error: the outcome is not a number
  store.on('load', (_ms: number, outcome: number) => outcome)
  // @ts-expect-error: it emits no such event
  store.on('loaded', () => {})
}

export function itsErrors(error: unknown, { error: failure }: ConvertedSession) {
  if (error instanceof StoreError) {
    const code: `ERR_STORE_${string}` = error.code
    return code
  }
  return failure
}

// @ts-expect-error: a client is needed
new ExactRedisStore({})
// @ts-expect-error: a URL is none
new ExactRedisStore({ client: 'redis://127.0.0.1' })
// @ts-expect-error: an option of connect-redis that isn't here
new ExactRedisStore({ client, serializer: JSON })

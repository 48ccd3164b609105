// The switch: opens the store that the settings name.
import session from 'express-session'
import type { Settings } from '../config/settings.js'
import type { Instance } from '../instances/instance.js'
import type { Metrics } from '../metrics/metrics.js'
import type { RedisClient } from '../redis/connect.js'
import type { CounterStore } from '../visit/counter-store.js'
import { ConnectRedisStore } from './connect-redis-store.js'
import { ExactStore } from './exact-store.js'
import { SavingStore } from './saving-store.js'

interface StoreParts {
  readonly settings: Settings
  /** All stores but `memory` need it. */
  readonly client: RedisClient | undefined
  readonly instance: Instance
  readonly metrics: Metrics
}

export function openStore({ settings, client, instance, metrics }: StoreParts): CounterStore {
  const { store: name, secrets, ttlSeconds, deadlineMs, durability } = settings.session
  const parts = { secrets, ttlSeconds, path: settings.basePath || '/', instance, metrics }
  if (name === 'memory') return new SavingStore({ ...parts, name, store: new session.MemoryStore() })
  if (!client) throw new TypeError(`the store ${name} needs a client`)
  const prefix = `${settings.keyPrefix}sess:`
  if (name === 'connect-redis') {
    const store = new ConnectRedisStore({ client, ttl: ttlSeconds, prefix })
    return new SavingStore({ ...parts, name, store })
  }
  const options = {
    client,
    prefix,
    deadlineMs,
    durability,
    // In a Cluster: what connectRedis does with each connection to a node.
    prepareConnection(connection: object) {
      for (const prepare of client.listeners('+node')) prepare(connection)
    },
  }
  return new ExactStore({ ...parts, options })
}

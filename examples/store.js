// The store that each example uses. STORE=connect-redis runs the same app with the usual one, for comparison.
import { RedisStore } from 'connect-redis'
import { ExactRedisStore } from 'exact-sessions'
import { Redis } from 'ioredis'

const client = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379')
client.on('error', (error) => console.error(error.message))

export const store =
  process.env.STORE === 'connect-redis'
    ? new RedisStore({ client })
    : new ExactRedisStore({ client, counters: ['visits'] })

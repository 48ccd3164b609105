// connect-redis 10 with node-redis.
import { RedisStore } from 'connect-redis-10'
import { createClient } from 'redis'
import { serve } from './app.js'

const client = createClient({ url: process.env.REDIS_URL })
// Without it the process ends with the first lost connection: node-redis' README asks for it.
client.on('error', console.error)
await client.connect()
serve(new RedisStore({ client }))

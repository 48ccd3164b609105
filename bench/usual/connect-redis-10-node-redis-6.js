import { RedisStore } from 'connect-redis-10'
import { createClient } from 'redis-6'
import { serve } from './app.js'

const client = createClient({ url: process.env.REDIS_URL })
client.on('error', console.error)
await client.connect()
serve(new RedisStore({ client, prefix: process.env.PREFIX }))

// connect-redis 10's app with our store instead, used as our README shows it.
import { createClient } from 'redis-6'
import { ExactRedisStore } from '../../dist/store/index.js'
import { serve } from './app.js'

const client = createClient({ url: process.env.REDIS_URL })
client.on('error', console.error)
await client.connect()
serve(new ExactRedisStore({ client, prefix: process.env.PREFIX, counters: ['visits'] }), { saveFirst: true })

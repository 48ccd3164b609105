// connect-redis 8's app with our store instead, used as our README shows it. As in the package: not bundled.
import { Redis } from 'ioredis'
import { ExactRedisStore } from '../../dist/store/index.js'
import { serve } from './app.js'

const client = new Redis(process.env.REDIS_URL)
serve(new ExactRedisStore({ client, prefix: process.env.PREFIX, counters: ['visits'] }), { saveFirst: true })

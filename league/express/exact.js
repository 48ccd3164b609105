// Our store in the same app, with ioredis, as our documentation shows it.
import { Redis } from 'ioredis'
import { ExactRedisStore } from '../../dist/store/index.js'
import { serve } from './app.js'

const client = new Redis(process.env.REDIS_URL)
serve(new ExactRedisStore({ client, counters: ['visits'] }), { savesFirst: true })

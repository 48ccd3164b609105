// connect-redis 8 with ioredis.
import { RedisStore } from 'connect-redis-8'
import { Redis } from 'ioredis'
import { serve } from './app.js'

serve(new RedisStore({ client: new Redis(process.env.REDIS_URL) }))

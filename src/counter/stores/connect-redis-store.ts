import { RedisStore } from 'connect-redis'
import type { SessionData } from 'express-session'

/**
 * connect-redis, which also stands a record that the exact store wrote, after a switch back: it can't read that, so the
 * visitor starts anew.
 */
export class ConnectRedisStore extends RedisStore {
  override get(sid: string, callback: (error: unknown, data?: SessionData | null) => void): Promise<unknown> {
    return super.get(sid, (error: unknown, data?: SessionData | null) => {
      const foreign = error instanceof Error && error.message.startsWith('WRONGTYPE')
      return foreign ? callback(null, null) : callback(error, data)
    })
  }
}

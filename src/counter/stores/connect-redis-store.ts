// connect-redis as the counter uses it: the usual set-up, for comparison.
import { RedisStore } from 'connect-redis'
import type { SessionData } from 'express-session'

/** Also tolerates a record that the exact store wrote: it can't read that, so after a switch back the visitor starts again. */
export class ConnectRedisStore extends RedisStore {
  override get(sid: string, callback: (error: unknown, data?: SessionData | null) => void): Promise<unknown> {
    return super.get(sid, (error: unknown, data?: SessionData | null) => {
      const foreign = error instanceof Error && error.message.startsWith('WRONGTYPE')
      return foreign ? callback(null, null) : callback(error, data)
    })
  }
}

// What the demo's keys do.
import type { Platform } from './platform.js'

/** The stores in the order in which the demo switches, and what to watch for. */
const STORES = new Map([
  ['exact', 'loses nothing'],
  ['connect-redis', 'loses concurrent visits'],
  ['memory', 'each instance counts for itself'],
])

/**
 * Does what a key of the demo asks for.
 * @returns what happened, in one line; undefined where the line comes by itself, or the key means nothing.
 */
export async function actOn(key: string, platform: Platform): Promise<string | undefined> {
  const began = Date.now()
  const took = () => `${Date.now() - began} ms`
  switch (key) {
    case 'r':
      await platform.restart()
      return `restarted all instances in ${took()}; requests waited`
    case 'k':
      await platform.killInstance()
      return undefined
    case 'd':
      if (platform.redis.running) {
        await platform.stopRedis()
        return 'Redis is killed (SIGKILL); d starts it again'
      }
      await platform.startRedis()
      return `Redis is back with its data after ${took()}`
    case 's': {
      const store = storeAfter(platform.store)
      await platform.switchStore(store)
      return `the store is now ${store}: ${STORES.get(store)}`
    }
    default:
      return undefined
  }
}

function storeAfter(store: string): string {
  const names = [...STORES.keys()]
  return names[(names.indexOf(store) + 1) % names.length] ?? store
}

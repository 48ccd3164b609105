// What the demo's keys do.
import { STORE_NAMES, type StoreName } from '../counter/config/store-names.js'
import type { Platform } from './platform.js'

/** What to watch for with each store. */
const WATCH_FOR: Record<StoreName, string> = {
  exact: 'it loses nothing',
  'connect-redis': 'it loses visits that overlap',
  memory: 'each instance counts for itself',
}

/** What a key does: what is said at once, and the work, which returns what is said when it is done. */
interface Action {
  readonly begins: string
  run(): Promise<string | undefined>
}

/** @returns what a key asks for; undefined if it means nothing. */
export function actionOf(key: string, platform: Platform): Action | undefined {
  const began = Date.now()
  const took = () => `${Date.now() - began} ms`
  switch (key) {
    case 'r':
      return {
        begins: `restarting all ${platform.instances.length} instances; requests wait…`,
        run: async () => {
          await platform.restart()
          return `restarted all instances in ${took()}`
        },
      }
    case 'k':
      // What happened to it is said by the platform.
      return {
        begins: 'killing an instance (SIGKILL)…',
        run: async () => {
          await platform.killInstance()
          return undefined
        },
      }
    case 'd':
      return platform.redis.running
        ? {
            begins: 'killing Redis (SIGKILL)…',
            run: async () => {
              await platform.stopRedis()
              return 'Redis is killed; d starts it again'
            },
          }
        : {
            begins: 'starting Redis…',
            run: async () => {
              await platform.startRedis()
              return `Redis is back with its data after ${took()}`
            },
          }
    case 's': {
      const store = storeAfter(platform.store)
      return {
        begins: `restarting all ${platform.instances.length} instances with the store ${store}…`,
        run: async () => {
          const { store: before } = platform
          await platform.switchStore(store)
          const session =
            before === 'connect-redis' && store === 'exact'
              ? 'It takes over the sessions of connect-redis.'
              : 'It can’t read the sessions of the store before: each browser starts a new one.'
          return `the store is now ${store}: ${WATCH_FOR[store]}. ${session}`
        },
      }
    }
    default:
      return undefined
  }
}

function storeAfter(store: string): StoreName {
  const next = STORE_NAMES.indexOf(store as StoreName) + 1
  return STORE_NAMES[next % STORE_NAMES.length] ?? 'exact'
}

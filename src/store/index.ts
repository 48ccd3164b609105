export type { SessionUpdate } from './change.js'
export type { DurabilityOption } from './durability.js'
export {
  NotDurableError,
  OutcomeUnknownError,
  SessionExistsError,
  SessionGoneError,
  StoreTimeoutError,
} from './errors.js'
export type { ExactRedisStoreEvent, ExactRedisStoreOptions, UpdateOptions } from './options.js'
export { ExactRedisStore } from './store.js'

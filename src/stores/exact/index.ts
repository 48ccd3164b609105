export type { DurabilityOption } from './durability.js'
export {
  NotDurableError,
  OutcomeUnknownError,
  SessionExistsError,
  SessionGoneError,
  StoreTimeoutError,
} from './errors.js'
export { ExactRedisStore, type ExactRedisStoreEvent, type ExactRedisStoreOptions } from './store.js'

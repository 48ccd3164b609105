export type { RedisClient } from './clients/detect.js'
export type { DurabilityOption } from './durability.js'
export {
  DecryptionError,
  DurabilityUnsupportedError,
  ForeignRecordError,
  NotDurableError,
  OutcomeUnknownError,
  SessionExistsError,
  SessionGoneError,
  StoreClosedError,
  StoreError,
  StoreRefusedError,
  StoreTimeoutError,
} from './errors.js'
export type { ExactRedisStoreEvents, OperationOutcome } from './events.js'
export type { TtlOption } from './expiry.js'
export type {
  ConvertedSession,
  ExactRedisStoreOptions,
  SessionUpdate,
  UpdateOnLoad,
  UpdateOptions,
} from './options.js'
export type { CounterKey, EntriesOf, ListKey } from './session-keys.js'
export { ExactRedisStore } from './store.js'
export type { StoreTrace, TracedOperation } from './traces.js'
export type { UpdateOutcome } from './update-on-load.js'

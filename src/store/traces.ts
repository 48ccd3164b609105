// Tells the subscribers of node:diagnostics_channel what the store does, so that an app's OpenTelemetry sees it.
import { tracingChannel } from 'node:diagnostics_channel'
import type { Location } from './clients/client.js'

/**
 * What the store traces; `wait` is until replicas or the disk have a change, or until Redis can be asked again.
 * @example
 * const channels = ['load', 'commit'].map((name) => tracingChannel(`exact-sessions:${name}`))
 */
export type TracedOperation = 'load' | 'commit' | 'touch' | 'destroy' | 'regenerate' | 'wait'

/**
 * What the subscribers of the channels `tracing:exact-sessions:…` get: one object for all events of an operation.
 * @example
 * tracingChannel('exact-sessions:load').subscribe({
 *   start: (trace) => log.debug(trace.attributes, 'load'),
 *   error: (trace) => log.warn(trace.attributes, 'load failed'),
 * })
 */
export interface StoreTrace {
  readonly operation: TracedOperation
  /**
   * By OpenTelemetry's conventions for databases: `db.system.name`, `db.operation.name`, `db.stored_procedure.name`,
   * `db.namespace`, `server.address`, `server.port`, and in the event `error` `error.type` and `db.response.status_code`. The id
   * of a session, and what is in it, are not among them.
   */
  readonly attributes: Record<string, string | number>
  /** What a failed operation was rejected with, in the event `error`. */
  readonly error?: unknown
}

const CHANNELS = {
  load: channelOf('load'),
  commit: channelOf('commit'),
  touch: channelOf('touch'),
  destroy: channelOf('destroy'),
  regenerate: channelOf('regenerate'),
  wait: channelOf('wait'),
}

function channelOf(operation: TracedOperation) {
  return tracingChannel<unknown, StoreTrace>(`exact-sessions:${operation}`)
}

/** Whether anybody wants to know: all else about a trace costs nothing otherwise. */
export function isTraced(operation: TracedOperation): boolean {
  return CHANNELS[operation].hasSubscribers
}

/**
 * Does work that is traced.
 * @param command the command of Redis that it is.
 * @param script what the script does, if the command is one.
 */
export async function traced<T>(
  operation: TracedOperation,
  { command, script, location = {} }: { command?: string; script?: string; location?: Location | undefined },
  work: () => Promise<T>,
): Promise<T> {
  const attributes: Record<string, string | number> = { 'db.system.name': 'redis' }
  if (command !== undefined) attributes['db.operation.name'] = command
  if (script !== undefined) attributes['db.stored_procedure.name'] = script
  if (location.database !== undefined) attributes['db.namespace'] = String(location.database)
  if (location.host !== undefined) attributes['server.address'] = location.host
  if (location.port !== undefined) attributes['server.port'] = location.port
  // The channel would hand on what the work returns: a session.
  let result: { readonly of: T } | undefined
  await CHANNELS[operation].tracePromise(
    async () => {
      try {
        result = { of: await work() }
      } catch (error) {
        Object.assign(attributes, failureOf(error))
        throw error
      }
    },
    { operation, attributes },
  )
  return (result as unknown as { readonly of: T }).of
}

/** What went wrong: the code of the store's error, and the word that Redis' own begins with. */
function failureOf(error: unknown): Record<string, string> {
  const { code, name, cause } = error as { code?: unknown; name?: unknown; cause?: unknown }
  const said = cause instanceof Error ? cause.message : ''
  // Before Redis 7 the error of a script's command comes behind others' words.
  const [, status] = /-([A-Z]{3,}) /.exec(said) ?? /^([A-Z]{3,}) /.exec(said) ?? []
  return {
    'error.type': String(code ?? name ?? '_OTHER'),
    ...(status && { 'db.response.status_code': status }),
  }
}

// Logs what becomes of the connection to Redis: lost, refused, back again.
import type { Logger } from 'pino'
import type { RedisClient } from './connect.js'

/**
 * Logs each cause once until Redis answers again; causes that differ only in digits (delays, ports) count as the same.
 * @returns to be called with the result of each heartbeat: the error that it failed with, or nothing.
 */
export function reportConnection(client: RedisClient, log: Logger): (error?: Error) => void {
  const told = new Set<string>()
  const warn = (error: Error, what: string) => {
    const cause = causeOf(error)
    const key = `${error.message} ${cause?.message}`.replace(/\d+(\.\d+)?/g, '#')
    const err = cause ? Object.assign(new Error(error.message, { cause }), { name: error.name }) : error
    if (!told.has(key)) log.warn({ err }, what)
    told.add(key)
  }
  const well = () => {
    log.info('Redis answers')
    told.clear()
  }
  client.on('error', (error: Error) => warn(error, 'Redis does not answer'))
  // A Cluster's own error says only that no node can be used; why, its nodes say, and then that their connection is closed.
  let nodeError: Error | undefined
  client.on('node error', (error: Error) => {
    if (error.message !== 'Connection is closed.') nodeError = error
  })
  client.on('ready', well)
  function causeOf(error: Error): Error | undefined {
    return 'lastNodeError' in error ? nodeError : undefined
  }
  return (error) => {
    // A full disk, or memory that is used up: the connection itself is fine.
    if (error?.name === 'ReplyError') warn(error, 'Redis refuses')
    else if (!error && told.size > 0) well()
  }
}

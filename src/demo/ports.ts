// Chooses the ports of a platform.
import getPort, { portNumbers } from 'get-port'

/** Where the ports of a platform lie, counted from its balancer's. */
const OFFSET = { instance: 1, metrics: 21, redis: 41 }
const ROOM = 20
const HIGHEST_START = 65_535 - OFFSET.redis - ROOM

// Below those that Linux gives to outgoing connections (from 32,768 on): of a busy machine's many, one would have an instance's
// port in the moment in which that is started again.
const LOWEST = 10_000
const STRIDE = 64
const PLATFORMS = 300

/** @returns a free port of 127.0.0.1 for a balancer, with room beside it for its platform's other ports. */
export function freeBalancerPort(): Promise<number> {
  const anyStart = () => LOWEST + STRIDE * Math.floor(Math.random() * PLATFORMS)
  return getPort({ host: '127.0.0.1', port: Array.from({ length: 10 }, anyStart) })
}

/**
 * Finds a free port of 127.0.0.1 beside the balancer's, so that two platforms don't share a range: the port of
 * a process that is just being restarted looks free, and another platform that took it would get its requests.
 * @returns the first free one of its kind, or any free one where all of them are taken.
 */
export async function portBeside(balancer: number, kind: keyof typeof OFFSET): Promise<number> {
  const first = Math.min(balancer, HIGHEST_START) + OFFSET[kind]
  return getPort({ host: '127.0.0.1', port: portNumbers(first, first + ROOM - 1) })
}

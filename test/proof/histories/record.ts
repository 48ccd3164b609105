import type { Random } from '../random.js'
import { ask, type Cookie } from './counter-client.js'
import type { Operation } from './linearizable.js'
import type { Platform } from './platform.js'
import type { SessionInput, SessionOutput, SessionState } from './session-model.js'

/** What was asked of one session and answered, by all its clients. */
export interface History {
  readonly initial: SessionState
  readonly operations: readonly Operation<SessionInput, SessionOutput>[]
  readonly unmeant: readonly string[]
}

interface Begun {
  readonly cookie: Cookie
  readonly initial: SessionState
}

const CLIENTS = 6
const OPERATIONS = 14
/** From which of its operations on a client may end the session. */
const ENDS_FROM = 8
const KEYS = ['a', 'b', 'c']

/**
 * Lets six clients at once use a session, each asking any instance: they visit, some with the same idempotency keys, read, and later on
 * destroy it or give it a new id, and go on asking for the one that is no more.
 * @returns its history; and that of the session that a new id has made of it, if the clients came to know of one.
 */
export async function record(platform: Platform, random: Random, patienceMs: number): Promise<History[]> {
  const histories: History[] = []
  let begun: Begun | undefined = await begin(platform, random, patienceMs)
  while (begun) {
    const { history, next } = await use(platform, random, patienceMs, begun)
    histories.push(history)
    begun = next
  }
  return histories
}

async function begin(platform: Platform, random: Random, patienceMs: number): Promise<Begun> {
  for (;;) {
    const key = random.chance(0.5) ? random.oneOf(KEYS) : undefined
    const url = platform.urlOf(random.between(0, platform.instances - 1))
    const { output, cookie } = await ask(url, undefined, { kind: 'visit', key }, patienceMs)
    // One whose answer was lost is nobody's.
    if (output === 1 && cookie)
      return { cookie, initial: { visits: 1, keys: new Map(key ? [[key, 1]] : []) } }
  }
}

async function use(
  platform: Platform,
  random: Random,
  patienceMs: number,
  { cookie, initial }: Begun,
): Promise<{ history: History; next: Begun | undefined }> {
  const operations: Operation<SessionInput, SessionOutput>[] = []
  const unmeant: string[] = []
  let next: Begun | undefined
  const client = async (name: string) => {
    let absent = 0
    for (let i = 0; i < OPERATIONS && absent < 3; i += 1) {
      const input = anyInput(random, i >= ENDS_FROM)
      const index = random.between(0, platform.instances - 1)
      const called = performance.now()
      const answer = await ask(platform.urlOf(index), cookie, input, patienceMs)
      const { output } = answer
      operations.push({ client: `${name} at ${index}`, input, output, called, returned: performance.now() })
      if (answer.unmeant !== undefined) unmeant.push(answer.unmeant)
      if (output === 'absent') absent += 1
      if (input.kind === 'regenerate' && typeof output === 'number' && answer.cookie)
        next ??= { cookie: answer.cookie, initial: { visits: output, keys: new Map() } }
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, (_, i) => client(`client ${i}`)))
  return { history: { initial, operations, unmeant }, next }
}

function anyInput(random: Random, mayEnd: boolean): SessionInput {
  if (mayEnd && random.chance(0.08)) return { kind: random.oneOf(['destroy', 'regenerate'] as const) }
  const dice = random.next()
  if (dice < 0.3) return { kind: 'read' }
  return { kind: 'visit', key: dice < 0.5 ? random.oneOf(KEYS) : undefined }
}

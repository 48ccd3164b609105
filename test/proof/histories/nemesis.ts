import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '../random.js'
import type { Platform } from './platform.js'

type Fault = (platform: Platform, random: Random) => Promise<void>

/** @returns ms; one in eight is longer than the deadline of the instances. */
const freezeMs = (random: Random) => (random.chance(1 / 8) ? 2_500 : random.between(50, 600))

/** What is done to the platform, by name; each fault has passed when it returns. */
const FAULTS: Readonly<Record<string, Fault>> = {
  async 'replies lost'(platform, random) {
    await onProxy(platform, random, 'back', (lost) => (lost ? 'cut' : 'pass'))
  },
  async 'commands lost'(platform, random) {
    await onProxy(platform, random, 'there', (lost) => (lost ? 'reset' : 'pass'))
  },
  async 'a connection gone silent'(platform, random) {
    await onProxy(platform, random, 'back', (lost) => (lost ? 'silence' : 'pass'))
  },
  async 'connections cut'(platform, random) {
    random.oneOf(platform.proxies).cut()
  },
  async 'an instance killed'(platform, random) {
    await platform.replace(random.between(0, platform.instances - 1))
  },
  async 'an instance frozen'(platform, random) {
    const index = random.between(0, platform.instances - 1)
    platform.signal(index, 'SIGSTOP')
    await pause(freezeMs(random))
    platform.signal(index, 'SIGCONT')
  },
  async 'a Redis killed'({ servers }, random) {
    const server = random.oneOf(servers)
    await server.kill()
    await server.start()
  },
  async 'a Redis frozen'({ servers }, random) {
    const server = random.oneOf(servers)
    server.freeze()
    await pause(freezeMs(random))
    server.thaw()
  },
}

/** In a Cluster only. */
const CLUSTER_FAULTS: Readonly<Record<string, Fault>> = {
  async 'a slot moved'({ cluster }) {
    await cluster?.settled()
    const key = await cluster?.anyKey()
    if (key !== undefined) await cluster?.moveSlot(key, () => pause(100))
  },
}

/** Hurts the platform, in one way after the other, until it is stopped. */
export class Nemesis {
  /** How often each fault came. */
  readonly faults: Map<string, number>
  readonly #kinds: Readonly<Record<string, Fault>>
  readonly #over = new AbortController()
  readonly #running: Promise<void>

  constructor(platform: Platform, random: Random) {
    this.#kinds = platform.cluster ? { ...FAULTS, ...CLUSTER_FAULTS } : FAULTS
    this.faults = new Map(Object.keys(this.#kinds).map((name) => [name, 0]))
    this.#running = this.#run(platform, random)
    // stop() tells.
    this.#running.catch(() => {})
  }

  async stop(): Promise<void> {
    this.#over.abort()
    await this.#running
  }

  async #run(platform: Platform, random: Random): Promise<void> {
    const { signal } = this.#over
    while (!signal.aborted) {
      await pause(random.between(100, 800), undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      const [name, fault] = random.oneOf(Object.entries(this.#kinds))
      this.faults.set(name, (this.faults.get(name) ?? 0) + 1)
      await fault(platform, random)
    }
  }
}

/** Lets a rule of one proxy decide for a while, of about a fifth of what passes, that it is lost. */
async function onProxy(
  platform: Platform,
  random: Random,
  way: 'there' | 'back',
  fate: (lost: boolean) => 'pass' | 'cut' | 'reset' | 'silence',
): Promise<void> {
  const proxy = random.oneOf(platform.proxies)
  proxy[way] = () => fate(random.chance(0.2))
  await pause(random.between(100, 600))
  proxy[way] = () => 'pass'
}

import type { Redis } from 'ioredis'
import { NO_CHANGE } from '../../src/store/change.js'
import { storeClient } from '../../src/store/clients/detect.js'
import type { Commit } from '../../src/store/commit.js'
import { CommitQueue } from '../../src/store/commit-queue.js'
import { Durability } from '../../src/store/durability.js'
import { RetryingClient } from '../../src/store/retrying-client.js'

/** An update that changes nothing: tests say what is otherwise. */
export const UPDATE: Commit = {
  mode: 'update',
  change: NO_CHANGE,
  ttlMs: undefined,
  idempotencyKey: '',
  legacy: undefined,
  reads: [],
  expiry: undefined,
  cappedLists: new Map(),
}

/** @returns the queue of a store with this client and this id, and when what is sent now must be answered. */
export function openQueue(client: Redis, clientId: string, deadlineMs: number) {
  const own = storeClient(client)
  const redis = new RetryingClient(own, new Durability('primary', own, deadlineMs), deadlineMs, () => {})
  const commits = new CommitQueue(clientId, own)
  return {
    queue: {
      send: (key: string, commit: Commit, deadline: number) => commits.send(key, commit, deadline, redis),
    },
    deadline: () => redis.deadline(),
  }
}

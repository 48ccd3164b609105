// What the stores on one client share.
import { randomBytes } from 'node:crypto'
import type { PrepareConnection, StoreClient } from './clients/client.js'
import { CommitQueue } from './commit-queue.js'
import { Durability, type DurabilityOption } from './durability.js'
import { RecordWriter } from './record-commits.js'

interface Shared {
  readonly durability: Durability
  readonly commits: CommitQueue
  readonly records: RecordWriter
}

const shared = new WeakMap<StoreClient, Map<string, Shared>>()

/**
 * One queue of commits, and so one mark in each session, for all stores on a client whose commits are confirmed alike: an app that
 * makes a store for each request doesn't fill its sessions with marks.
 * @param prepare of the first of these stores: it is for the connections that they share.
 */
export function sharedQueue(
  client: StoreClient,
  option: DurabilityOption,
  deadlineMs: number,
  prepare: PrepareConnection | undefined,
): Shared {
  const ofClient = shared.get(client) ?? new Map<string, Shared>()
  shared.set(client, ofClient)
  const id = JSON.stringify([option, deadlineMs])
  const known = ofClient.get(id)
  if (known) return known
  const durability = new Durability(option, client, deadlineMs, prepare)
  const commits = new CommitQueue(randomBytes(9).toString('base64url'), client)
  const made = { durability, commits, records: new RecordWriter() }
  ofClient.set(id, made)
  return made
}

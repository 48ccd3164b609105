import type { OwnConnection, StoreClient } from '../../src/store/clients/client.js'

/** What a client of Redis that is none says and does: for moments that the real one has at random only. */
export function fakeClient(own: Partial<StoreClient>): StoreClient {
  const client: Partial<StoreClient> = {
    state: 'ready',
    losses: 0,
    connections: 1,
    keyPrefix: '',
    sentinels: undefined,
    confirms: true,
    primaries: () => [],
    primaryOf: () => 'primary',
    isReply: (error): error is Error => error instanceof Error && /^[A-Z]+ /.test(error.message),
    refresh: () => {},
    reconnect: () => {},
  }
  // What a case doesn't need isn't there, and fails if it is used.
  return Object.defineProperties(client, Object.getOwnPropertyDescriptors(own)) as StoreClient
}

/** A connection that says what it is told to, and how to lose and end it. */
export function fakeConnection(call: OwnConnection['call']) {
  const [lost, ended]: [(() => void)[], (() => void)[]] = [[], []]
  const all = (listeners: readonly (() => void)[]) => {
    for (const listener of listeners) listener()
  }
  const connection: Partial<OwnConnection> = {
    call,
    onLost: (listener) => lost.push(listener),
    onEnded: (listener) => ended.push(listener),
    reconnect: () => all(lost),
  }
  return { connection: connection as OwnConnection, lose: () => all(lost), end: () => all(ended) }
}

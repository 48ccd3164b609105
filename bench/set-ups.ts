import { resolve } from 'node:path'

/** A way to have sessions in Express, as a program to start. */
export interface SetUp {
  readonly name: string
  readonly label: string
  readonly program: string
  readonly environment: Readonly<Record<string, string>>
  /** Has no session to look at. */
  readonly sessionless?: boolean
  /** Keeps its sessions in its own memory, where nobody can make them larger. */
  readonly closed?: boolean
  /** MiB: held to as much memory as a container, and run as in the image. */
  readonly memory?: number
}

/** What the others are compared with. */
export const BASE = 'connect-redis-8'

const usual = (name: string, label: string): SetUp => ({
  name,
  label,
  program: resolve(`bench/usual/${name}.js`),
  environment: { PREFIX: `${name}:` },
})
/** Ours, bundled as in the image. */
export const ours = (store: string): SetUp => ({
  name: store,
  label: `RedisSessions, ${store}`,
  program: resolve('dist/bench/image/counter/server.js'),
  environment: {
    SESSION_STORE: store,
    SESSION_SECRET: 'only of the bench',
    METRICS_PORT: '0',
    HOST: '127.0.0.1',
    CF_INSTANCE_INDEX: '0',
  },
})

export const SET_UPS: readonly SetUp[] = [
  { ...usual('bare', 'Express, no session'), sessionless: true, closed: true },
  { ...usual('memory', 'Express, MemoryStore'), closed: true },
  usual('connect-redis-8', 'Express, connect-redis 8, ioredis'),
  usual('our-store', 'the same app with our store, ioredis'),
  usual('our-store-node-redis-5', 'the same app with our store, node-redis 5'),
  usual('our-store-node-redis-6', 'the same app with our store, node-redis 6'),
  usual('connect-redis-10-node-redis-5', 'Express, connect-redis 10, node-redis 5'),
  usual('connect-redis-10-node-redis-6', 'Express, connect-redis 10, node-redis 6'),
  { ...ours('memory'), name: 'our-memory', closed: true },
  { ...ours('connect-redis'), name: 'our-connect-redis' },
  ours('exact'),
  {
    ...ours('exact'),
    name: 'exact-kept',
    label: 'RedisSessions, exact, connections never let go',
    environment: {
      ...ours('exact').environment,
      CONNECTION_MAX_REQUESTS: '0',
      CONNECTION_MAX_AGE_SECONDS: '0',
    },
  },
  { ...ours('exact'), name: 'exact-64', label: 'RedisSessions, exact, in 64 MiB', memory: 64 },
]

import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { RedisServer } from '../support/redis-server.js'

const run = promisify(execFile)
const project = mkdtempSync(join(tmpdir(), 'redissessions-package-'))
let redis: RedisServer

beforeAll(async () => {
  redis = await RedisServer.start()
  await run('npm', ['run', 'build'])
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', project])
  const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf('[')))
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', join(project, filename)], {
    cwd: project,
  })
}, 300_000)
afterAll(async () => {
  await redis?.stop()
  rmSync(project, { recursive: true, force: true })
})

it('brings the command of the drill along', async () => {
  const drill = run(join(project, 'node_modules/.bin/redissessions-drill'), ['--help'])
  expect((await drill).stdout).toContain('session-drill URL')
})

it('is used from JavaScript, and loads neither Express nor metrics nor a log', async () => {
  const program = `
    import { Redis } from 'ioredis'
    import { ExactRedisStore, SessionGoneError } from 'redissessions/store'
    const client = new Redis(${redis.port}, '127.0.0.1')
    const store = new ExactRedisStore({ client })
    await store.set('sid', { cookie: {}, visits: 1 })
    const { visits } = await store.get('sid')
    client.disconnect()
    console.log(JSON.stringify({ visits, code: new SessionGoneError().code }))`
  writeFileSync(join(project, 'use.js'), program)
  const { stdout } = await run(process.execPath, ['use.js'], { cwd: project })
  expect(JSON.parse(stdout)).toEqual({ visits: 1, code: 'ERR_SESSION_GONE' })

  // What was loaded by name: a module that is not there can't have been loaded.
  for (const name of ['express', 'prom-client', 'pino', 'helmet', 'valibot', 'connect-redis', 'undici']) {
    rmSync(join(project, 'node_modules', name), { recursive: true, force: true })
  }
  const again = await run(process.execPath, ['use.js'], { cwd: project })
  expect(again.stdout).toBe(stdout)
}, 60_000)

it('is used from TypeScript, as an express-session store', async () => {
  const program = `
    import session from 'express-session'
    import { Redis } from 'ioredis'
    import { ExactRedisStore, type ExactRedisStoreOptions, SessionGoneError } from 'redissessions/store'
    const options: ExactRedisStoreOptions = { client: new Redis(), counters: ['visits'], cappedLists: { trail: 20 } }
    const store = new ExactRedisStore(options)
    export const middleware = session({ store, secret: 's', resave: false, saveUninitialized: false })
    export const gone = (error: unknown): boolean => error instanceof SessionGoneError
    export const commit = (req: { session: session.Session }): Promise<void> =>
      store.commit(req.session, { idempotencyKey: 'k' })
    // @ts-expect-error: no such option
    new ExactRedisStore({ client: new Redis(), counter: ['visits'] })`
  writeFileSync(join(project, 'use.ts'), program)
  // The types of express-session and Node, which a TypeScript app of Express has anyway, are ours here.
  mkdirSync(join(project, 'node_modules'), { recursive: true })
  rmSync(join(project, 'node_modules/@types'), { recursive: true, force: true })
  symlinkSync(resolve('node_modules/@types'), join(project, 'node_modules/@types'))
  const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes']
  const settings = ['--module', 'nodenext', '--target', 'es2023', '--types', 'node', 'use.ts']
  const compiled = run(resolve('node_modules/.bin/tsc'), [...options, ...settings], { cwd: project })
  await compiled.catch((error: { stdout: string }) => expect(error.stdout).toBe(''))
}, 120_000)

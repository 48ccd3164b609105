// The packages that people take home, as they are published: made, packed and installed by plain npm into empty folders.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import type { SessionData } from 'express-session'
import { Redis } from 'ioredis'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ExactRedisStore } from '../src/store/index.js'
import { closedPort } from './support/free-port.js'
import { RedisServer } from './support/redis-server.js'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'packages-'))
const tarballs = new Map<string, string>()
let redis: RedisServer

beforeAll(async () => {
  redis = await RedisServer.start()
  await run(process.execPath, ['scripts/packages.mjs'])
  for (const room of ['store', 'drill']) {
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], {
      cwd: `dist/npm/${room}`,
    })
    const [{ filename }] = JSON.parse(stdout)
    tarballs.set(room, join(folder, filename))
  }
}, 180_000)
afterAll(async () => {
  await redis?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Makes an empty project that has these packages installed. */
async function project(name: string, ...packages: string[]): Promise<string> {
  const path = join(folder, name)
  mkdirSync(path)
  writeFileSync(join(path, 'package.json'), JSON.stringify({ private: true }))
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...packages], { cwd: path })
  return path
}

/** The same version that this project has, so that npm finds it in its cache. */
function pinned(name: string): string {
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'))
  return `${name}@${version}`
}

describe.each(['store', 'drill'])('the package of the %s', (room) => {
  it('gives publint nothing to say', async () => {
    const manifest = JSON.parse(readFileSync(`dist/npm/${room}/package.json`, 'utf8'))
    const { messages } = await publint({ pkgDir: `dist/npm/${room}`, strict: true })
    expect(messages.map((message) => formatMessage(message, manifest))).toEqual([])
  })

  it('has types that each way to resolve modules finds', async () => {
    const tarball = new Uint8Array(readFileSync(tarballs.get(room) ?? ''))
    const { problems } = (await checkPackage(createPackageFromTarballData(tarball))) as {
      problems: { kind: string; resolutionKind?: string }[]
    }
    // The drill is an ES module: require() of it works from Node 20.19 on, and TypeScript's node16 says what it is.
    const wrong = problems.filter(({ kind }) => !(room === 'drill' && kind === 'CJSResolvesToESM'))
    expect(wrong).toEqual([])
  })

  it('holds a licence, a README and no test', async () => {
    const { stdout } = await run('tar', ['tzf', tarballs.get(room) ?? ''])
    expect(stdout).toContain('package/LICENSE')
    expect(stdout).toContain('package/README.md')
    expect(stdout).not.toMatch(/test/)
  })
})

describe('exact-sessions, installed', () => {
  let path: string
  beforeAll(async () => {
    path = await project('store', tarballs.get('store') ?? '', ...['express-session', 'ioredis'].map(pinned))
  }, 180_000)

  const use = `
    const client = new Redis(${'PORT'}, '127.0.0.1')
    const store = new ExactRedisStore({ client })
    await store.set('sid', { cookie: {}, visits: 1 })
    const { visits } = await store.get('sid')
    client.disconnect()
    console.log(JSON.stringify({ visits, code: new SessionGoneError().code }))`

  it.each([
    [
      'an ES module',
      'use.mjs',
      `import { Redis } from 'ioredis'
       import { ExactRedisStore, SessionGoneError } from 'exact-sessions'
       ${use}`,
    ],
    [
      'CommonJS',
      'use.cjs',
      `const { Redis } = require('ioredis')
       const { ExactRedisStore, SessionGoneError } = require('exact-sessions')
       async function main() { ${use} }
       main()`,
    ],
  ])('is used from %s', async (_, file, program) => {
    writeFileSync(join(path, file), program.replace('PORT', String(redis.port)))
    const { stdout } = await run(process.execPath, [file], { cwd: path })
    expect(JSON.parse(stdout)).toEqual({ visits: 1, code: 'ERR_SESSION_GONE' })
  })

  describe('its command, which writes all sessions as connect-redis does', () => {
    const command = (args: string[], { cwd = path, env = {} } = {}) =>
      run(join(path, 'node_modules/.bin/exact-sessions'), args, {
        cwd,
        env: { PATH: process.env.PATH, ...env },
      }).then(
        ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
        (error: { code: number; stdout: string; stderr: string }) => error,
      )
    const client = () => new Redis(redis.port, '127.0.0.1')
    const nodeRedisOnly = () => {
      const cwd = join(folder, 'node-redis')
      mkdirSync(join(cwd, 'node_modules'), { recursive: true })
      symlinkSync(resolve('node_modules/redis-5'), join(cwd, 'node_modules/redis'))
      return cwd
    }

    it('works with the client that is installed, keys and prefix included, and continues', async () => {
      const own = client()
      await own.flushall()
      const encryptionKeys = ['ab'.repeat(32)]
      const store = new ExactRedisStore({ client: own, prefix: 'app:', encryptionKeys })
      const data = (n: number) => ({ cookie: { originalMaxAge: null }, n }) as unknown as SessionData
      for (let n = 0; n < 250; n += 1) await store.set(`s${n}`, data(n))
      const args = ['to-connect-redis', redis.url, '--prefix', 'app:']
      const locked = await command(args)
      expect(locked).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('this store has no encryptionKeys'),
      })
      const env = { ENCRYPTION_KEYS: ` ${'cd'.repeat(32)}\n${encryptionKeys}` }
      expect(await command(args, { env })).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^250 written, 0 /),
      })
      expect(JSON.parse(String(await own.get('app:s249')))).toEqual(data(249))
      await store.set('another', data(0))
      const again = await command(args, { env, cwd: nodeRedisOnly() })
      expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^1 written, 250 were records/) })
      expect(again.stderr).toBe('')
      const none = await command(['to-connect-redis', redis.url, '--prefix', 'wrong:'])
      expect(none).toMatchObject({
        code: 0,
        stderr: 'exact-sessions: no session under the prefix wrong:\n',
      })
      own.disconnect()
    })

    it('prints its help if asked', async () => {
      const help = expect.stringContaining('to-connect-redis [URL]')
      for (const option of ['--help', '-h'])
        expect(await command([option])).toMatchObject({ code: 0, stdout: help, stderr: '' })
    })

    it('says in one line what is wrong', async () => {
      expect(await command([])).toMatchObject({
        code: 78,
        stderr: expect.stringContaining('to-connect-redis [URL]'),
      })
      for (const [args, said] of [
        [['to-connect-redis', '--prefx', 'a'], /--prefx/],
        [['to-connect-redis', 'localhost'], /^exact-sessions: URL: expected redis:/],
        [['to-connect-redis', `${redis.url}/first`], /^exact-sessions: URL: expected redis:/],
        [['to-connect-redis', `${redis.url}/99`], /^exact-sessions: URL: .*out of range/],
      ] as const)
        expect(await command([...args])).toMatchObject({ code: 78, stderr: expect.stringMatching(said) })
      const env = { ENCRYPTION_KEYS: 'secret' }
      const wrongKey = await command(['to-connect-redis', redis.url], { env })
      expect(wrongKey).toMatchObject({
        code: 78,
        stderr: expect.stringContaining('encryptionKeys: expected keys of 32'),
      })
      expect(wrongKey.stderr).not.toContain('secret')
      const away = await command(['to-connect-redis', `redis://:secret@127.0.0.1:${await closedPort()}`])
      expect(away).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/no answer .*ECONNREFUSED.*run it again/),
      })
      expect(away.stderr).not.toContain('secret')
      for (const url of ['redis://user:secret@host:99999', 'redis://user:secret%zz@host']) {
        const wrong = await command(['to-connect-redis', url])
        expect(wrong).toMatchObject({
          code: 78,
          stderr: expect.stringMatching(/^exact-sessions: URL: expected/),
        })
        expect(wrong.stderr).not.toContain('secret')
      }
    })
  })

  it('has one class of each error, whether it was imported or required', async () => {
    writeFileSync(
      join(path, 'both.mjs'),
      `import { createRequire } from 'node:module'
       import { SessionGoneError } from 'exact-sessions'
       console.log(createRequire(import.meta.url)('exact-sessions').SessionGoneError === SessionGoneError)`,
    )
    expect((await run(process.execPath, ['both.mjs'], { cwd: path })).stdout).toBe('true\n')
  })

  it('brings at most one small package along', async () => {
    const { dependencies } = JSON.parse(
      readFileSync(join(path, 'node_modules/exact-sessions/package.json'), 'utf8'),
    )
    expect(Object.keys(dependencies ?? {}).length).toBeLessThanOrEqual(1)
  })

  it.each(['nodenext', 'bundler'])(
    'is used from strict TypeScript (%s), all types checked',
    async (resolution) => {
      writeFileSync(
        join(path, 'use.ts'),
        `import session from 'express-session'
       import { Redis } from 'ioredis'
       import { ExactRedisStore, type ExactRedisStoreOptions, SessionGoneError } from 'exact-sessions'
       const options: ExactRedisStoreOptions = { client: new Redis(), counters: ['visits'], cappedLists: { trail: 20 } }
       const store = new ExactRedisStore(options)
       export const middleware = session({ store, secret: 's', resave: false, saveUninitialized: false })
       export const counting = store.updateOnLoad(middleware, () => ({ add: { visits: 1 } }))
       export const gone = (error: unknown): boolean => error instanceof SessionGoneError
       export const commit = (req: { session: session.Session }): Promise<void> =>
         store.commit(req.session, { idempotencyKey: 'k' })
       // @ts-expect-error: no such option
       new ExactRedisStore({ client: new Redis(), counter: ['visits'] })`,
      )
      // The types of express-session and Node, which a TypeScript app of Express has anyway, are ours here.
      rmSync(join(path, 'node_modules/@types'), { recursive: true, force: true })
      symlinkSync(resolve('node_modules/@types'), join(path, 'node_modules/@types'))
      const module = resolution === 'bundler' ? 'esnext' : 'nodenext'
      const strict = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--esModuleInterop']
      const settings = [
        '--module',
        module,
        '--moduleResolution',
        resolution,
        '--target',
        'es2023',
        '--types',
        'node',
      ]
      const compiled = run(resolve('node_modules/.bin/tsc'), [...strict, ...settings, 'use.ts'], {
        cwd: path,
      })
      await compiled.catch((error: { stdout: string }) => expect(error.stdout).toBe(''))
    },
    120_000,
  )
})

describe('session-drill, installed', () => {
  let path: string
  beforeAll(async () => {
    path = await project('drill', tarballs.get('drill') ?? '')
  }, 180_000)

  it('has its command', async () => {
    const { stdout } = await run(join(path, 'node_modules/.bin/session-drill'), ['--help'])
    expect(stdout).toContain('session-drill')
  })

  it('is called from a program, its books by themselves', async () => {
    writeFileSync(
      join(path, 'use.mjs'),
      `import { drill } from 'session-drill'
       import { SessionBook } from 'session-drill/books'
       console.log(typeof drill, typeof SessionBook)`,
    )
    expect((await run(process.execPath, ['use.mjs'], { cwd: path })).stdout).toBe('function function\n')
  })

  it('has the schema of a journey, which an editor checks a file by', () => {
    const schema = readFileSync(join(path, 'node_modules/session-drill/journey.schema.json'), 'utf8')
    expect(JSON.parse(schema).properties).toHaveProperty('visit')
  })

  it('has books that need nothing of Node', () => {
    const books = readFileSync('dist/npm/drill/books/index.js', 'utf8')
    expect(books).not.toMatch(/from\s*["']node:|require\(/)
  })
})

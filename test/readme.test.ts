// Runs the README's sample of the store as a user would: pasted into a file, with only the packages that its npm install names.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from './support/free-port.js'
import { RedisServer } from './support/redis-server.js'
import { until } from './support/until.js'

const folder = mkdtempSync(join(tmpdir(), 'redissessions-readme-'))
let redis: RedisServer
let app: ChildProcess
let url: string

/** The sample of a README that imports the store, on another port and another Redis. */
function sampleOf(readme: string, port: number): string {
  const samples = [...readFileSync(readme, 'utf8').matchAll(/^```js\n(import [\s\S]*?)^```/gm)]
  const [sample = ''] = samples
    .map(([, text = '']) => text)
    .filter((text) => text.includes("'exact-sessions'"))
  return sample.replace('listen(3000)', `listen(${port})`).replace('new Redis()', `new Redis('${redis.url}')`)
}

/** The packages that a README installs for its sample. */
function packagesOf(readme: string): string[] {
  const [, names = ''] = /^npm install (exact-sessions .*)$/m.exec(readFileSync(readme, 'utf8')) ?? []
  return names.split(' ')
}

beforeAll(async () => {
  redis = await RedisServer.start()
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, 'exact-sessions/node_modules'), { recursive: true })
  const link = (name: string, into: string) => symlinkSync(resolve('node_modules', name), join(into, name))
  for (const name of packagesOf('README.md')) if (name !== 'exact-sessions') link(name, modules)
  link('cluster-key-slot', join(modules, 'exact-sessions/node_modules'))
  const outfile = join(modules, 'exact-sessions/index.js')
  await build({
    entryPoints: ['src/store/index.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    outfile,
  })
  writeFileSync(join(modules, 'exact-sessions/package.json'), '{ "type": "module", "exports": "./index.js" }')
  const port = await freePort()
  url = `http://127.0.0.1:${port}/`
  writeFileSync(join(folder, 'app.mjs'), sampleOf('README.md', port))
  app = spawn(process.execPath, ['app.mjs'], { cwd: folder, stdio: 'inherit' })
  await until(async () => (await fetch(url)).ok)
})
afterAll(async () => {
  app?.kill()
  await redis?.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('its numbers are what it says: 1, 2, 3, and 50 different ones for 50 visits at once', async () => {
  const first = await fetch(url)
  const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? ''
  const visit = async () => {
    const { visits } = (await (await fetch(url, { headers: { cookie } })).json()) as { visits: number }
    return visits
  }
  expect(await first.json()).toEqual({ visits: 1 })
  expect([await visit(), await visit()]).toEqual([2, 3])
  const numbers = await Promise.all(Array.from({ length: 50 }, visit))
  expect(new Set(numbers).size).toBe(50)
  expect(await visit()).toBe(54)
})

test('the package’s README has the same sample, and the same packages', () => {
  expect(packagesOf('src/store/README.md')).toEqual(packagesOf('README.md'))
  expect(sampleOf('src/store/README.md', 1)).toBe(sampleOf('README.md', 1))
})

test('it answers 503 within the deadline while Redis is down', async () => {
  const cookie = (await fetch(url)).headers.get('set-cookie')?.split(';')[0] ?? ''
  await redis.stop()
  const answer = await fetch(url, { headers: { cookie } })
  expect(answer.status).toBe(503)
  expect(answer.headers.get('retry-after')).toBe('1')
}, 30_000)

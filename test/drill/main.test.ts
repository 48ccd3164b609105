import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { closedPort } from '../support/free-port.js'
import { CounterServer } from './counter-server.js'

const folder = mkdtempSync(join(tmpdir(), 'drill-'))
let good: CounterServer
let bad: CounterServer

beforeAll(async () => {
  good = await CounterServer.start()
  bad = await CounterServer.start({ fault: (nth) => (nth > 20 && nth % 10 === 0 ? 'lose' : undefined) })
})
afterAll(async () => {
  await Promise.all([good.stop(), bad.stop()])
  rmSync(folder, { recursive: true })
})

/** Runs the built command, as npm run drill does. */
function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ['dist/drill/main.js', ...args], (_, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    )
  })
}

const short = ['--duration', '1s', '--browsers', '5', '--warm-up', '0']

test('held: plain lines, one table, the sentence, 0', async () => {
  const { code, out, err } = await run(good.url.href, ...short)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).not.toContain('\x1b')
  expect(out).toMatch(/ {2}visits +[\d,]+ attempted, [\d,]+ acknowledged/)
  expect(out.trimEnd().split('\n').at(-1)).toMatch(/^Held: /)
})

test('broken: JSON alone on standard output, JUnit in a file, 1', async () => {
  const file = join(folder, 'junit.xml')
  const one = ['--browsers', '1', '--burst', '1', '--visits', '200', '--warm-up', '0']
  const { code, out } = await run(bad.url.href, ...one, '--destroy', '0', '--json', '--junit', file)
  expect(code).toBe(1)
  const report = JSON.parse(out)
  expect(report).toMatchObject({ verdict: 'broken', anomalies: { reset: 0 } })
  expect(report.anomalies.lost).toBe(bad.faultCount('lose'))
  const xml = readFileSync(file, 'utf8')
  expect(xml).toContain(`<failure message="${report.anomalies.lost} acknowledged visit`)
  expect(xml).toContain('<testcase classname="drill" name="no session is reset"/>')
})

test('could not run: one line, 2', async () => {
  const nobody = await run(`http://127.0.0.1:${await closedPort()}/`)
  expect(nobody).toMatchObject({ code: 2, out: '' })
  expect(nobody.err).toMatch(/^session-drill: GET http:\/\/127\.0\.0\.1:\d+\/: refused .*\n$/)
  expect(await run('--browsers')).toMatchObject({ code: 2, out: '' })
  expect(await run(good.url.href, '--scenario', 'earthquake')).toMatchObject({ code: 2, out: '' })
})

test('a check alone: its lines, and in Markdown; a report of a load is refused', async () => {
  const file = join(folder, 'check.md')
  const { code, out } = await run(good.url.href, '--check', '--markdown', file)
  expect(code).toBe(0)
  expect(out).toMatch(/^ {2}visit +GET http/)
  expect(readFileSync(file, 'utf8')).toMatch(/^### ✅ .*\n\n\| \| \|\n\|---\|---\|\n\| visit \| GET http/)
  const refused = await run(good.url.href, '--check', '--junit', join(folder, 'check.xml'))
  expect(refused).toMatchObject({
    code: 2,
    err: 'session-drill: --junit reports a load, and --check has none\n',
  })
})

test('a file that cannot be written is said before the load', async () => {
  const { code, err } = await run(good.url.href, ...short, '--html', join(folder, 'none', 'drill.html'))
  expect({ code, err }).toEqual({
    code: 2,
    err: expect.stringMatching(/^session-drill: --html: ENOENT.*\n$/),
  })
})

test('the version is that of the package, 0', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  expect(await run('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' })
})

test('help, 0', async () => {
  expect(await run('--help')).toMatchObject({ code: 0, out: expect.stringContaining('--browsers N') })
})

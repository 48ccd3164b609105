import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openControl } from '../../../src/demo/control.js'
import { type Platform, startPlatform } from '../../../src/demo/platform.js'
import { CouldNotRun } from '../../../src/drill/could-not-run.js'
import { drill } from '../../../src/drill/drill.js'
import { CONTROL_FILE } from '../../../src/drill/scenarios/control-file.js'
import { demoTarget } from '../../../src/drill/scenarios/demo.js'
import { localScenarios } from '../../../src/drill/scenarios/local.js'

const dataFolder = mkdtempSync(join(tmpdir(), 'drill-demo-'))
let platform: Platform
let control: { close(): void }

beforeAll(async () => {
  platform = await startPlatform({ store: 'exact', instances: 2, dataFolder, port: 0, say: () => {} })
  control = await openControl(dataFolder, platform)
})
afterAll(async () => {
  control.close()
  await platform.stop()
  rmSync(dataFolder, { recursive: true })
})

test('restarts, scales, kills and loses Redis on the running demo, and every click counts once', {
  timeout: 180_000,
}, async () => {
  const url = new URL(platform.url)
  const scenarios = localScenarios(['restart', 'scale', 'kill', 'kill-redis'], demoTarget(dataFolder, url))
  const report = await drill({
    url,
    retry: true,
    seed: 1,
    browsers: 10,
    burst: 1,
    rate: 200,
    destroy: 0,
    scenarios,
  })
  expect(report.scenarios.map(({ name, problem }) => [name, problem])).toEqual([
    ['restart', undefined],
    ['scale', undefined],
    ['kill', undefined],
    ['kill-redis', undefined],
  ])
  expect(platform.instances).toHaveLength(2)
  expect(report.sentence).toMatch(/^Held: .* 0 failed, 0 lost/)
  const texts = report.events.map(({ text }) => text)
  expect(texts).toContain('kill: instance killed and back, 3 of 3')
  expect(texts.at(-1)).toMatch(/^kill-redis ended: \d+ visits, 0 failed, longest wait \d+ ms$/)
})

test('only the demo at that URL is touched, and only by its user', async () => {
  expect(() => demoTarget(dataFolder, new URL('http://127.0.0.1:1'))).toThrow(CouldNotRun)
  expect(() => demoTarget(join(dataFolder, 'none'), new URL(platform.url))).toThrow(
    /start it with npm run demo$/,
  )
  expect(() => localScenarios(['rollout'], demoTarget(dataFolder, new URL(platform.url)))).toThrow(
    /restart, scale, kill, kill-redis/,
  )
  const file = join(dataFolder, CONTROL_FILE)
  expect(statSync(file).mode & 0o077).toBe(0)
  const { url } = JSON.parse(readFileSync(file, 'utf8'))
  expect((await fetch(`${url}restart`, { method: 'POST' })).status).toBe(403)
})

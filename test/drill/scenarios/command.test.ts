import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandScenario } from '../../../src/drill/scenarios/command.js'

const fleet = { instanceReady() {}, instanceGone() {} }

async function run(command: string): Promise<string[]> {
  const said: string[] = []
  await commandScenario(`do=${command}`).run((text) => said.push(text), fleet)
  return said
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('is over when the shell is, whatever it leaves in the background', async () => {
  const [said = ''] = await run('sleep 1000 & echo started $!')
  const [, pid] = /^started (\d+)$/.exec(said) ?? []
  expect(isRunning(Number(pid))).toBe(true)
  process.kill(Number(pid), 'SIGKILL')
})

test('says the last line of much output', async () => {
  expect(await run('seq 200000; echo done')).toEqual(['done'])
})

test('that fails, is not there or is killed says so', async () => {
  await expect(run('echo no such pod >&2; exit 3')).rejects.toThrow(/^exit code 3: no such pod$/)
  await expect(run('no-such-command')).rejects.toThrow(/^exit code 127: .*not found/)
  await expect(run('kill -s KILL $$')).rejects.toThrow(/SIGKILL/)
})

test('ends, with all that it started, when the drill is stopped', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'drill-'))
  const started = () => Number(readFileSync(`${folder}/pid`, 'utf8'))
  const stop = new AbortController()
  const command = `sleep 100 & echo $! > ${folder}/pid; sleep 100`
  const running = commandScenario(`do=${command}`).run(() => {}, fleet, stop.signal)
  const rejected = expect(running).rejects.toThrow(/^ended by SIGTERM$/)
  await expect.poll(started).toBeGreaterThan(0)
  stop.abort()
  await rejected
  await expect.poll(() => isRunning(started())).toBe(false)
  rmSync(folder, { recursive: true })
})

import { expect, test } from 'vitest'
import { planOf } from '../../../src/drill/plan.js'
import { Journal } from '../../../src/drill/record/journal.js'
import { frame, Meter, Screen } from '../../../src/drill/report/screen.js'

const plan = await planOf({ url: 'http://a.test', seed: 1 })

function live() {
  const journal = new Journal()
  for (let visit = 0; visit < 30; visit++) journal.answered(2, 0, visit % 3 ? 'web-0' : 'web-1', false)
  journal.requestFailed('refused', undefined)
  journal.visitFailed(1)
  journal.event(
    'kill-pod begins: deletes a pod of the release web, with a very long explanation of what that means',
  )
  return { journal, plan, phase: () => 'visiting' as const }
}

test('shows the instances that answer now, and fits the window', () => {
  for (const columns of [40, 80, 200]) {
    const lines = frame(live(), new Meter(), columns, 24)
    for (const line of lines) expect([...line].length).toBeLessThanOrEqual(columns)
    expect(lines.length).toBeLessThan(24)
    expect(lines.filter((line) => line.includes('web-'))).toHaveLength(2)
  }
  expect(frame(live(), new Meter(), 100, 24).join('\n')).toContain('failed     1  (requests: refused 1)')
})

test('an instance that has fallen silent is not shown', () => {
  const meter = new Meter()
  const running = live()
  frame(running, meter, 80, 24)
  running.journal.answered(2, 0, 'web-1', false)
  const shown = frame(running, meter, 80, 24).filter((line) => line.includes('/s') && line.includes('web-'))
  expect(shown).toHaveLength(1)
  expect(shown[0]).toContain('web-1')
})

test('draws over the last frame, and starts anew in a resized window', () => {
  const written: string[] = []
  const terminal = { columns: 80, rows: 24, write: (text: string) => written.push(text) }
  const screen = new Screen(terminal)
  const running = live()
  screen.draw(running)
  screen.draw(running)
  terminal.columns = 60
  screen.draw(running)
  const lines = (written[0]?.split('\n').length ?? 0) - 1
  expect(written[1]?.startsWith(`\x1b[${lines}F\x1b[0J`)).toBe(true)
  expect(written[2]?.startsWith('\x1b[H\x1b[2J')).toBe(true)
})

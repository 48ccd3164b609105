import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

interface Workflow {
  readonly permissions: Record<string, string>
  readonly jobs: Record<
    string,
    { readonly permissions?: unknown; readonly uses?: string; 'timeout-minutes'?: number }
  >
}

const WORKFLOWS = '.github/workflows'

test.each(readdirSync(WORKFLOWS))(
  '%s: actions by digest, permissions for each job, an end to all',
  (name) => {
    const text = readFileSync(`${WORKFLOWS}/${name}`, 'utf8')
    const uses = [...text.matchAll(/uses: (.*)/g)].map(([, action]) => action)
    expect(uses.length).toBeGreaterThan(0)
    for (const action of uses) expect(action).toMatch(/^(\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\.\/\S+)$/)
    const { permissions, jobs } = parse(text) as Workflow
    expect(permissions).toEqual({})
    for (const job of Object.values(jobs)) {
      expect(job.permissions).toBeDefined()
      if (!job.uses) expect(job['timeout-minutes']).toBeGreaterThan(0)
    }
  },
)

test('package, chart and changelog agree on the version that a tag would release', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  const notes = execFileSync('node', ['scripts/release-notes.mjs', `v${version}`], { encoding: 'utf8' })
  expect(notes).toMatch(/^### /)
})

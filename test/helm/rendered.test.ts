import { execFileSync } from 'node:child_process'
import { test } from 'vitest'

test('k8s/ and the chart’s README are what the chart makes of them', () => {
  execFileSync('node', ['scripts/render.mjs', '--check'], { stdio: ['ignore', 'inherit', 'inherit'] })
})

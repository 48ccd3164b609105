import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

it('what is built from scripts/*.lua is up to date: else run `node scripts/store-scripts.mjs`', async () => {
  const { generated } = (await import(`${process.cwd()}/scripts/store-scripts.mjs`)) as {
    generated: () => string
  }
  expect(readFileSync('src/store/scripts.generated.ts', 'utf8')).toBe(generated())
})

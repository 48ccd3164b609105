import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

interface Component {
  readonly name: string
  readonly version: string
  readonly purl?: string
  readonly hashes?: readonly { readonly content: string }[]
  readonly licenses?: readonly { readonly license?: { readonly id?: string }; readonly expression?: string }[]
}

interface Locked {
  readonly version?: string
  readonly integrity?: string
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly peer?: boolean
  readonly link?: boolean
  readonly hasInstallScript?: boolean
}

/** Licences that ask for no more than their text, which the image carries. */
const ACCEPTED = new Set([
  'MIT',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'CC0-1.0',
])

const sbom = JSON.parse(execFileSync(process.execPath, ['scripts/sbom.mjs'], { encoding: 'utf8' })) as {
  readonly components: readonly Component[]
}
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  readonly packages: Readonly<Record<string, Locked>>
}
const locked = Object.entries(lock.packages).filter(
  ([path, { link }]) => path.startsWith('node_modules/') && !link,
)
const shipped = locked.filter(([, { dev, devOptional, peer }]) => !dev && !devOptional && !peer)

describe('what is shipped', () => {
  it('is all in the SBOM, each package with its version, a hash and a URL', () => {
    const named = new Set(sbom.components.map(({ name, version }) => `${name}@${version}`))
    const missing = shipped
      .map(([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`)
      .filter((name) => !named.has(name))
    expect(missing).toEqual([])
    for (const component of sbom.components) {
      expect(component.purl).toContain('pkg:npm/')
      expect(component.hashes?.[0]?.content).toMatch(/^[\da-f]{64,}$/)
    }
  })

  it('has a licence that the image may carry', () => {
    const others = sbom.components.filter(
      ({ licenses = [] }) =>
        licenses.length === 0 ||
        !licenses.every(({ license, expression }) => ACCEPTED.has(license?.id ?? expression ?? '')),
    )
    expect(others.map(({ name }) => name)).toEqual([])
  })

  it('runs no script when it is installed', () => {
    expect(shipped.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path)).toEqual([])
  })
})

describe('what is installed', () => {
  it('is what the lock file says, byte for byte', () => {
    expect(locked.length).toBeGreaterThan(shipped.length)
    for (const [path, { integrity }] of locked)
      expect([path, integrity]).toEqual([path, expect.stringMatching(/^sha512-/)])
  })

  it('is looked up among known vulnerabilities in CI: any in what is shipped, severe ones in the tools', () => {
    const workflow = readFileSync('.github/workflows/security.yml', 'utf8')
    expect(workflow).toContain('npm audit --omit dev\n')
    expect(workflow).toContain('npm audit --audit-level high\n')
    expect(workflow).toContain('npm audit signatures\n')
    expect(workflow).toMatch(/cron:/)
  })
})

// Prints the SBOM (CycloneDX) of the packages that are shipped: node scripts/sbom.mjs
// (`npm sbom --omit dev` leaves out each of them that a development tool needs, too: a third, with npm 11.)
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
const shipped = new Set(
  Object.entries(packages)
    .filter(([, { dev, devOptional, peer }]) => !dev && !devOptional && !peer)
    .map(([path, { name, version }]) => `${name ?? path.replace(/^.*node_modules\//, '')}@${version}`),
)
const args = ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx']
const sbom = JSON.parse(execFileSync('npm', args, { encoding: 'utf8', maxBuffer: 2 ** 26 }))
const isShipped = (ref) => shipped.has(ref.replace(/^(@?[^@]+@[^|]+).*$/, '$1'))
sbom.components = sbom.components.filter((component) => isShipped(component['bom-ref']))
sbom.dependencies = sbom.dependencies
  .filter(({ ref }) => isShipped(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter(isShipped) }))
console.log(JSON.stringify(sbom, undefined, 2))

// Runs one of the programs of this folder, which are TypeScript: node test/proof/run.mjs histories --minutes 5
import { spawnSync } from 'node:child_process'
import { build } from 'esbuild'

const [name, ...args] = process.argv.slice(2)
const outfile = `dist/proof/${name}.js`
await build({
  entryPoints: [`test/proof/${name}/main.ts`],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  target: 'es2023',
})
const { status } = spawnSync(process.execPath, [outfile, ...args], { stdio: 'inherit' })
process.exit(status ?? 1)

// Runs one of the programs of this folder, which are TypeScript: node test/proof/run.mjs histories --minutes 5
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { build } from 'esbuild'

const [name, ...args] = process.argv.slice(2)
const outfile = `dist/proof/${name}.js`
const entryPoints = { [`${name}`]: `test/proof/${name}/main.ts` }
// A program that it starts.
if (name === 'histories') entryPoints['instance-with-client'] = 'test/proof/histories/instance-with-client.ts'
await build({
  entryPoints,
  outdir: 'dist/proof',
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  target: 'es2023',
})
const program = spawn(process.execPath, [outfile, ...args], { stdio: 'inherit' })
// It ends what it has started first.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => program.kill(signal))
const [status] = await once(program, 'exit')
process.exit(status ?? 1)

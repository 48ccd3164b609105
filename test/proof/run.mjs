// Runs one of the programs of this folder, which are TypeScript: node test/proof/run.mjs histories --minutes 5
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const [name, ...args] = process.argv.slice(2)
const outfile = resolve(`dist/proof/${name}.js`)
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
process.argv = [process.execPath, outfile, ...args]
await import(pathToFileURL(outfile).href)

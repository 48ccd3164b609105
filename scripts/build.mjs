// `npm run build`: makes dist/ from src/: the programs with their types, and the page's assets. The tools in scripts/lib are
// TypeScript, so that tests import them as they are; scripts import them from dist/scripts.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { build } from 'esbuild'

const PAGE = 'src/counter/page'
const TOOLS = 'scripts/lib'
const filesIn = (folder) => readdirSync(folder).map((name) => `${folder}/${name}`)

try {
  execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json'], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
} catch {
  // The compiler has said what is wrong.
  process.exit(1)
}
await build({
  entryPoints: [`${PAGE}/browser/main.ts`, ...filesIn(`${PAGE}/static`)],
  outdir: 'dist/counter/page/assets',
  entryNames: '[name]',
  bundle: true,
  minify: true,
  target: 'es2023',
  loader: { '.svg': 'copy' },
  logLevel: 'warning',
})
// An image is built without them.
if (existsSync(TOOLS)) {
  await build({
    entryPoints: filesIn(TOOLS),
    outdir: 'dist/scripts',
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    target: 'es2023',
    logLevel: 'warning',
  })
}

// The stacks of the league.
import { BUILDS, type Issue, npmVersions, pinned, type Stack, said } from './stack.js'

const NODE = [
  ['node', '--version'],
  ['npm', '--version'],
]
const NPM = [
  'npm',
  'install',
  '--no-package-lock',
  '--no-audit',
  '--no-fund',
  '--silent',
  '--engine-strict=false',
]
const PYTHON = [['python3', '-m', 'venv', '-h']]
const GO = [['go', 'version']]
const VISIT = ['--visit', '/hits']

const node = () => `Node ${process.versions.node}`

const pip = (name: string) => [
  ['python3', '-m', 'venv', `${BUILDS}/${name}`],
  [`${BUILDS}/${name}/bin/pip`, 'install', '--quiet', '-r', 'requirements.txt'],
]
const gunicorn = (name: string, app: string) => [
  `${BUILDS}/${name}/bin/gunicorn`,
  ...['--workers', '1', '--threads', '8', '--bind', '127.0.0.1:$PORT', app],
]
const requirements = (folder: string) => [
  said(`${BUILDS}/${folder}/bin/python`, '--version'),
  ...pinned(`${folder}/requirements.txt`, /^(\S+)==(\S+)$/gm),
]
const modules = (folder: string) => [
  said('go', 'env', 'GOVERSION').replace('go', 'Go '),
  ...pinned(`${folder}/go.mod`, /github\.com\/[\w-]+\/(\S+) v(?!0\.0\.0)([\d.]+)/g),
]

/** @param name `owner/repository#number` */
function known(name: string, says: string): Issue {
  const [repository, number] = name.split('#')
  return { name, url: `https://github.com/${repository}/issues/${number}`, says }
}

export const STACKS: readonly Stack[] = [
  {
    name: 'exact',
    title: 'Express, our exact store',
    folder: 'express',
    needs: NODE,
    build: [NPM],
    start: ['node', 'exact.js'],
    drill: ['--preset', 'express', ...VISIT, '--logout', '/logout'],
    versions: () => [node(), ...npmVersions('express', 'express', 'express-session', 'ioredis')],
    issues: [],
  },
  {
    name: 'connect-redis-8',
    title: 'Express, connect-redis 8, ioredis',
    folder: 'express',
    needs: NODE,
    build: [NPM],
    start: ['node', 'connect-redis-8.js'],
    drill: ['--preset', 'express', ...VISIT, '--logout', '/logout'],
    versions: () => [
      node(),
      ...npmVersions('express', 'express', 'express-session', 'connect-redis-8', 'ioredis'),
    ],
    issues: [
      known('tj/connect-redis#75', 'overlapping requests erase each other'),
      known('tj/connect-redis#328', 'a logout undone: a limitation, say the maintainers'),
      known('expressjs/session#632', 'the same: expected, say the maintainers'),
      known('tj/connect-redis#373', 'hangs while Redis is down'),
    ],
  },
  {
    name: 'connect-redis-10',
    title: 'Express, connect-redis 10, node-redis',
    folder: 'express',
    needs: NODE,
    build: [NPM],
    start: ['node', 'connect-redis-10.js'],
    drill: ['--preset', 'express', ...VISIT, '--logout', '/logout'],
    versions: () => [
      node(),
      ...npmVersions('express', 'express', 'express-session', 'connect-redis-10', 'redis'),
    ],
    issues: [
      known('tj/connect-redis#75', 'overlapping requests erase each other'),
      known('tj/connect-redis#328', 'a logout undone: a limitation, say the maintainers'),
      known('expressjs/session#632', 'the same: expected, say the maintainers'),
      known('redis/node-redis#2205', 'hangs when the connection is lost'),
    ],
  },
  {
    name: 'fastify',
    title: 'Fastify, @fastify/session, connect-redis 10',
    folder: 'fastify',
    needs: NODE,
    build: [NPM],
    start: ['node', 'app.js'],
    drill: ['--preset', 'fastify', ...VISIT, '--logout', '/logout'],
    versions: () => [
      node(),
      ...npmVersions('fastify', 'fastify', '@fastify/session', 'connect-redis', 'redis'),
    ],
    issues: [
      known(
        'SerayaEryn/fastify-session#237',
        'overlapping requests lose data; the plugin that @fastify/session came from',
      ),
    ],
  },
  {
    name: 'django',
    title: 'Django, cached sessions',
    folder: 'django',
    needs: PYTHON,
    build: pip('django'),
    setUp: [
      [`${BUILDS}/django/bin/python`, 'app.py', 'migrate', '--verbosity', '0'],
      [`${BUILDS}/django/bin/python`, 'app.py', 'createsuperuser', '--noinput'],
    ],
    start: gunicorn('django', 'app'),
    drill: ['--preset', 'django', ...VISIT],
    versions: () => requirements('django'),
    issues: [
      known(
        'django/django#5950',
        'logouts undone by overlapping requests: fixed by refusing to save a session that is gone, which leaves a moment between the look and the write',
      ),
    ],
  },
  {
    name: 'flask',
    title: 'Flask, Flask-Session',
    folder: 'flask',
    needs: PYTHON,
    build: pip('flask'),
    start: gunicorn('flask', 'app:app'),
    drill: ['--preset', 'flask', ...VISIT],
    versions: () => requirements('flask'),
    issues: [
      known('pallets-eco/flask-session#71', 'overlapping requests lose data'),
      known('pallets-eco/flask-session#149', 'the same'),
    ],
  },
  {
    name: 'rails',
    title: 'Rails, redis_cache_store',
    folder: 'rails',
    needs: [
      ['ruby', '-e', 'require "action_controller/railtie"; require "redis"'],
      ['puma', '--version'],
    ],
    build: [],
    start: [
      'puma',
      '--environment',
      'production',
      '--threads',
      '5:5',
      '--bind',
      'tcp://127.0.0.1:$PORT',
      'config.ru',
    ],
    drill: ['--preset', 'rails', ...VISIT],
    versions: () =>
      said(
        'ruby',
        '-e',
        'require "rails"; require "redis"; require "puma/const"; puts "Ruby #{RUBY_VERSION}", "Rails #{Rails.version}", "redis #{Redis::VERSION}", "Puma #{Puma::Const::VERSION}"',
      ).split('\n'),
    issues: [
      known(
        'rails/rails#30043',
        'overlapping requests lose data: a problem of the application, say the maintainers',
      ),
      known('rails/rails#42818', 'what is promised while Redis is away'),
    ],
    note: "Debian's packages `ruby-rails puma ruby-redis`: Rails 6.1 gets no updates from its maintainers any more.",
  },
  {
    name: 'laravel',
    title: 'Laravel, phpredis',
    folder: 'laravel',
    needs: [
      [
        'php',
        '-r',
        "class_exists('Redis') && stream_resolve_include_path('Illuminate/autoload.php') || exit(1);",
      ],
    ],
    build: [],
    start: ['php', '-d', 'opcache.enable_cli=1', '-S', '127.0.0.1:$PORT', 'index.php'],
    drill: ['--preset', 'laravel', ...VISIT],
    versions: () =>
      said(
        'php',
        '-r',
        "require 'Illuminate/autoload.php'; echo 'PHP ', PHP_VERSION, PHP_EOL, 'Laravel ', Illuminate\\Foundation\\Application::VERSION, PHP_EOL, 'phpredis ', phpversion('redis');",
      ).split('\n'),
    issues: [
      known('laravel/framework#5416', 'overlapping requests'),
      known('laravel/framework#30996', 'the same, with Redis'),
    ],
    note: "Debian's packages `php-cli php-laravel-framework php-redis`: Laravel 8 gets no updates from its maintainers any more. Its processor time is that of PHP's own development server with four workers, as `php artisan serve` starts it.",
  },
  {
    name: 'spring',
    title: 'Spring Boot, Spring Session',
    folder: 'spring',
    needs: [
      ['javac', '-version'],
      ['mvn', '--version'],
    ],
    build: [['mvn', '-q', '-B', `-Dleague.build=${BUILDS}/spring`, 'package']],
    start: ['java', '-jar', `${BUILDS}/spring/counter.jar`],
    drill: ['--preset', 'spring', ...VISIT],
    versions: () => [
      `Java ${said('java', '--version').split(' ')[1]}`,
      ...said('jar', 'tf', `${BUILDS}/spring/counter.jar`)
        .split('\n')
        .flatMap(
          (line) =>
            /(spring-boot|spring-session-data-redis|spring-security-web|lettuce-core)-([\d.]+?)(?:\.RELEASE)?\.jar/
              .exec(line)
              ?.slice(1)
              .join(' ') ?? [],
        ),
    ],
    issues: [
      known('spring-projects/spring-session#1471', 'overlapping requests lose data'),
      known(
        'spring-projects/spring-session#1111',
        'a logout race leaves a session without its creation time, and errors; reported for WebFlux',
      ),
    ],
  },
  {
    name: 'scs',
    title: 'Go, scs, redisstore',
    folder: 'scs',
    needs: GO,
    build: [['go', 'build', '-o', `${BUILDS}/scs`, '.']],
    start: [`${BUILDS}/scs`],
    drill: ['--preset', 'scs', ...VISIT],
    versions: () => modules('scs'),
    issues: [],
  },
  {
    name: 'gorilla',
    title: 'Go, gorilla/sessions, redistore',
    folder: 'gorilla',
    needs: GO,
    build: [['go', 'build', '-o', `${BUILDS}/gorilla`, '.']],
    start: [`${BUILDS}/gorilla`],
    drill: ['--preset', 'gorilla', ...VISIT],
    versions: () => modules('gorilla'),
    issues: [
      known('boj/redistore#2', 'a logout undone: will not be fixed'),
      known('boj/redistore#24', 'the last write wins, as in all Go stores'),
    ],
  },
  {
    name: 'axum',
    title: 'axum, tower-sessions',
    folder: 'axum',
    needs: [['cargo', '--version']],
    build: [['cargo', 'build', '--quiet', '--release', '--target-dir', `${BUILDS}/axum`]],
    start: [`${BUILDS}/axum/release/counter`],
    drill: ['--preset', 'axum', ...VISIT],
    versions: () => [
      said('rustc', '--version').split(' ').slice(0, 2).join(' ').replace('rustc', 'Rust'),
      ...pinned('axum/Cargo.toml', /^([\w-]+) = "=(.+)"$/gm),
    ],
    note: 'As the README of its store shows it, the client of Redis has no policy for reconnecting.',
    issues: [
      known('maxcountryman/tower-sessions#36', 'overlapping requests lose data'),
      known('aembke/fred.rs#315', 'the client does not reconnect'),
    ],
  },
]

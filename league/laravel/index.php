<?php
// Laravel with SESSION_DRIVER=redis, in one file; login and logout by the routes of its starter kits.
use Illuminate\Config\Repository;
use Illuminate\Contracts\Debug\ExceptionHandler;
use Illuminate\Foundation\Application;
use Illuminate\Foundation\Bootstrap\BootProviders;
use Illuminate\Foundation\Bootstrap\HandleExceptions;
use Illuminate\Foundation\Bootstrap\RegisterFacades;
use Illuminate\Foundation\Bootstrap\RegisterProviders;
use Illuminate\Foundation\Exceptions\Handler;
use Illuminate\Foundation\Http\Kernel;
use Illuminate\Foundation\Http\Middleware\VerifyCsrfToken;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Route;

require '/usr/share/php/Illuminate/autoload.php';

/** The middleware of the group `web`, in the order of Laravel's own skeleton. */
class League extends Kernel
{
    protected $bootstrappers = [
        HandleExceptions::class, RegisterFacades::class, RegisterProviders::class, BootProviders::class,
    ];
    protected $middlewareGroups = ['web' => [
        Illuminate\Cookie\Middleware\EncryptCookies::class,
        Illuminate\Cookie\Middleware\AddQueuedCookiesToResponse::class,
        Illuminate\Session\Middleware\StartSession::class,
        VerifyCsrfToken::class,
    ]];
}

$app = new Application(getenv('LARAVEL_HOME'));
$app->instance('config', new Repository([
    'app' => [
        'key' => str_repeat('k', 32),
        'cipher' => 'AES-256-CBC',
        'debug' => false,
        'env' => 'production',
        'providers' => [
            Illuminate\Cookie\CookieServiceProvider::class,
            Illuminate\Encryption\EncryptionServiceProvider::class,
            Illuminate\Filesystem\FilesystemServiceProvider::class,
            Illuminate\Foundation\Providers\FoundationServiceProvider::class,
            Illuminate\Cache\CacheServiceProvider::class,
            Illuminate\Redis\RedisServiceProvider::class,
            Illuminate\Session\SessionServiceProvider::class,
            Illuminate\View\ViewServiceProvider::class,
        ],
    ],
    'session' => [
        'driver' => 'redis', 'connection' => 'default', 'lifetime' => 120, 'expire_on_close' => false, 'encrypt' => false,
        'lottery' => [2, 100], 'cookie' => 'laravel_session', 'path' => '/', 'domain' => null, 'secure' => false,
        'http_only' => true, 'same_site' => 'lax',
    ],
    'cache' => ['default' => 'redis', 'prefix' => '', 'stores' => ['redis' => ['driver' => 'redis', 'connection' => 'default']]],
    'database' => ['redis' => ['client' => 'phpredis', 'default' => ['url' => getenv('REDIS_URL'), 'database' => 0]]],
    'logging' => ['default' => 'stderr', 'channels' => ['stderr' => ['driver' => 'errorlog']]],
    'view' => ['paths' => [], 'compiled' => getenv('LARAVEL_HOME')],
]));
$app->detectEnvironment(fn () => 'production');
$app->singleton(Illuminate\Contracts\Http\Kernel::class, League::class);
$app->singleton(ExceptionHandler::class, Handler::class);
$app->booted(fn () => Route::middleware('web')->group(function () {
    $page = fn () => '<meta name="csrf-token" content="' . csrf_token() . '">Hello';
    Route::get('/dashboard', $page);
    Route::get('/login', fn () => '<form method="post">' . csrf_field() . '</form>');
    Route::post('/login', function (Request $request) {
        $given = [$request->input('email'), $request->input('password')];
        if ($given !== [getenv('DRILL_USER'), getenv('DRILL_PASSWORD')]) return new Illuminate\Http\Response('', 401);
        $request->session()->regenerate();
        return redirect('/dashboard');
    });
    Route::post('/logout', function (Request $request) {
        $request->session()->invalidate();
        $request->session()->regenerateToken();
        return redirect('/');
    });
    Route::get('/hits', function (Request $request) {
        $visits = $request->session()->get('visits', 0) + 1;
        $request->session()->put('visits', $visits);
        return ['visits' => $visits];
    });
}));

$kernel = $app->make(Illuminate\Contracts\Http\Kernel::class);
$response = $kernel->handle($request = Request::capture())->send();
$kernel->terminate($request, $response);

using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Cluster;

/// <summary>How long a call to the cluster may take, and when it may be repeated: one row for each kind of call.</summary>
/// <param name="Grain">The label under which <c>registryproxy.gateway.grain_calls</c> counts it; <c>null</c> for reports, which no request
/// waits for.</param>
/// <param name="Repeat">When it may be repeated.</param>
/// <param name="Attempt">How long an answer may take before the call is repeated through another relay.</param>
/// <param name="Total">How long it may take altogether. A silo that died is out of the cluster sooner.</param>
internal sealed record CallPolicy(string? Grain, Repeat Repeat, TimeSpan Attempt, TimeSpan Total)
{
    private const string Logins = "login";
    private const string Cache = "cache";
    private const string Fetch = "fetch";
    private const string UpstreamTokens = "upstream_token";
    private const string Referrers = "referrers";

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary>Longer than a search in a directory, which a refresh token may cost.</summary>
    private static readonly TimeSpan Search = TimeSpan.FromSeconds(4);

    /// <summary>As long as people wait who can ask again at once.</summary>
    private static readonly TimeSpan People = TimeSpan.FromSeconds(10);

    /// <summary>A decision without which a request cannot go on.</summary>
    public static CallPolicy Decision { get; } = new("session", Repeat.WhenSilent, Second, People);

    /// <summary>A decision beyond its lease; without an answer the known one is used.</summary>
    public static CallPolicy DecisionRenewal { get; } = Decision with { Total = Second };

    /// <summary>The snapshot, which is asked for every two seconds.</summary>
    public static CallPolicy Snapshot { get; } = new("snapshot", Repeat.WhenSilent, Second, Second);

    /// <summary>An upstream token, which may have to be fetched; all who ask wait for the same one.</summary>
    public static CallPolicy UpstreamToken { get; } = new(UpstreamTokens, Repeat.WhenSilent, TimeSpan.FromSeconds(3), People);

    /// <summary>Another token in place of one that the upstream refused.</summary>
    public static CallPolicy UpstreamTokenReplacement { get; } = Once(UpstreamTokens, TimeSpan.FromSeconds(11));

    /// <summary>An anonymous token.</summary>
    public static CallPolicy Anonymous { get; } = new(Logins, Repeat.WhenSilent, TimeSpan.FromSeconds(2.5), People);

    /// <summary>A refresh token; the directory is searched once for all who show it.</summary>
    public static CallPolicy Refresh { get; } = new(Logins, Repeat.WhenSilent, Search, People);

    /// <summary>A nonce; making one keeps nothing.</summary>
    public static CallPolicy Nonce { get; } = new(Logins, Repeat.WhenSilent, TimeSpan.FromSeconds(2.5), People);

    /// <summary>A user name and password: a directory counts the wrong ones, bcrypt takes a processor.</summary>
    public static CallPolicy Password { get; } = Login(Repeat.WhenLost);

    /// <summary>Credential text: its nonce counts once, a plug-in may count it.</summary>
    public static CallPolicy Assertion { get; } = Login(Repeat.WhenRefused);

    /// <summary>A device code: an identity is given out once.</summary>
    public static CallPolicy DeviceCode { get; } = Login(Repeat.WhenRefused);

    /// <summary>Where to send a browser: the provider may be asked, once for all.</summary>
    public static CallPolicy InteractiveLogin { get; } = new(Logins, Repeat.WhenSilent, TimeSpan.FromSeconds(9.5), People);

    /// <summary>An authorization code: it is redeemed once.</summary>
    public static CallPolicy Redemption { get; } = Login(Repeat.WhenRefused);

    /// <summary>A device's login begins; one that nobody heard of ends by itself.</summary>
    public static CallPolicy DeviceStart { get; } = new(Logins, Repeat.WhenLost, People, People);

    /// <summary>A user code; guesses are counted.</summary>
    public static CallPolicy DeviceSearch { get; } = new(Logins, Repeat.WhenLost, People, People);

    /// <summary>A gateway's subscription to writes, renewed every second.</summary>
    public static CallPolicy CacheSubscription { get; } = Once(Cache, TimeSpan.FromSeconds(2.5));

    /// <summary>A write, of which every gateway hears before it is answered; the caller tells it again.</summary>
    public static CallPolicy CacheChange { get; } = Once(Cache, TimeSpan.FromSeconds(16));

    /// <summary>Who fetches a blob; without an answer the gateway fetches by itself.</summary>
    public static CallPolicy Election { get; } = Once(Fetch, TimeSpan.FromSeconds(2.5));

    /// <summary>A turn at a list of referrers; the caller asks again by the name of its turn.</summary>
    public static CallPolicy Turn { get; } = Once(Referrers, TimeSpan.FromSeconds(3.5));

    /// <summary>Permits of an upstream account; without an answer none is known.</summary>
    public static CallPolicy Account { get; } = Once(null, TimeSpan.FromSeconds(3.5));

    /// <summary>Shares of limits, asked for beside the requests; without an answer each gateway has an equal one.</summary>
    public static CallPolicy Limits { get; } = Once(null, TimeSpan.FromSeconds(1.5));

    /// <summary>What operators are told every two seconds.</summary>
    public static CallPolicy Report { get; } = Once(null, TimeSpan.FromSeconds(3.5));

    /// <summary>What a tenant pulled through all gateways; without an answer what it pulled through this one.</summary>
    public static CallPolicy PulledNames { get; } = Once(null, TimeSpan.FromSeconds(2.5));

    /// <summary>The list of somebody's own sessions, and the end of one.</summary>
    public static CallPolicy OwnSessions { get; } = Once("session", TimeSpan.FromSeconds(8));

    /// <summary>The administration of a tenant: what was begun is done once.</summary>
    public static CallPolicy Administration { get; } = Once("administration", TimeSpan.FromSeconds(21));

    /// <summary>The row of a login with these credentials.</summary>
    public static CallPolicy Of(LoginCredentialsKind credentials) => credentials switch
    {
        LoginCredentialsKind.Anonymous => Anonymous,
        LoginCredentialsKind.RefreshToken => Refresh,
        LoginCredentialsKind.Password => Password,
        LoginCredentialsKind.DeviceCode => DeviceCode,
        _ => Assertion,
    };

    private static CallPolicy Login(Repeat repeat) => new(Logins, repeat, LoginTimes.Gateway, LoginTimes.Gateway);

    private static CallPolicy Once(string? grain, TimeSpan total) => new(grain, Repeat.Never, total, total);
}

/// <summary>
/// When a call that was not answered may be repeated. Slow is not lost: only what costs nobody anything is repeated when an answer is late.
/// </summary>
internal enum Repeat
{
    /// <summary>When there is no answer after a while, too: it changes nothing, and its grain works on it once for all callers.</summary>
    WhenSilent,

    /// <summary>Only when the called silo is gone, or refused it: a directory or a plug-in counts it.</summary>
    WhenLost,

    /// <summary>Only when the silo refused it before it began: it can be used once, and the silo that is gone may have used it.</summary>
    WhenRefused,

    /// <summary>Never here: its caller goes on without an answer, or calls again by itself.</summary>
    Never,
}

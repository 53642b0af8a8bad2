using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.AccessTokens;

/// <summary>An access token whose signature, issuer, audience and form were verified once. Its time is checked on every use.</summary>
internal sealed class AccessToken
{
    public required string Tenant { get; init; }

    public required string Service { get; init; }

    /// <summary>Empty for anonymous.</summary>
    public required string Subject { get; init; }

    /// <summary>The authenticator, session and generation; <c>null</c> for anonymous.</summary>
    public SessionReference? Session { get; init; }

    public required IReadOnlyList<Scope> Access { get; init; }

    /// <summary>Whether it opens the administration of its tenant, as far as it says.</summary>
    public bool Administers { get; init; }

    public required DateTimeOffset IssuedAt { get; init; }

    public required DateTimeOffset NotBefore { get; init; }

    public required DateTimeOffset Expires { get; init; }

    public bool IsAnonymous => Session is null;

    /// <summary>The authenticator that proved the subject; <c>null</c> for anonymous.</summary>
    public string? Authenticator => field ??= Session?.Key.Split('/', 3)[1];

    /// <summary>The actions that the token itself carries for a repository.</summary>
    public RepositoryActions ActionsOn(RepositoryName repository)
    {
        if (IsWhole)
        {
            return RepositoryActions.Pull | RepositoryActions.Push | RepositoryActions.Delete;
        }

        foreach (var scope in Access)
        {
            if (scope.Repository == repository)
            {
                return scope.Actions;
            }
        }

        return RepositoryActions.None;
    }

    /// <summary>What an anonymous caller has that got no token, for this request.</summary>
    public static AccessToken OfNobody(string tenant, string service, Scope scope) => new()
    {
        Tenant = tenant, Service = service, Subject = "", Access = [scope], IssuedAt = DateTimeOffset.MinValue,
        NotBefore = DateTimeOffset.MinValue,
        Expires = DateTimeOffset.MaxValue,
    };

    /// <summary>Whether it carries whatever the rules give: a login that came with the request itself.</summary>
    public bool IsWhole { get; private init; }

    /// <summary>Whether it opens the list of repositories.</summary>
    public bool OpensCatalog => IsWhole || Access.Contains(Scope.Catalog);

    /// <summary>What runs by it; the same however often the token is verified.</summary>
    public TokenUse Use { get; private init; } = new();

    /// <summary>The same token, by which something runs already.</summary>
    public AccessToken With(TokenUse use) => new()
    {
        Tenant = Tenant, Service = Service, Subject = Subject, Session = Session, Access = Access, IssuedAt = IssuedAt,
        NotBefore = NotBefore,
        Expires = Expires, Use = use, IsWhole = IsWhole, Administers = Administers,
    };

    /// <summary>The same identity, for requests that carry its login and no scope.</summary>
    public AccessToken Whole() => new()
    {
        Tenant = Tenant, Service = Service, Subject = Subject, Session = Session, Access = [], IssuedAt = IssuedAt, NotBefore = NotBefore,
        Expires = Expires, IsWhole = true,
    };
}

/// <summary>Where the decision about a token's holder is found.</summary>
/// <param name="Key">The identity (<see cref="SessionKey.ToString"/>).</param>
/// <param name="Id">The session.</param>
/// <param name="Generation">The generation of the identity when the token was issued.</param>
internal sealed record SessionReference(string Key, string Id, long Generation)
{
    /// <summary>The tenant of the identity.</summary>
    public string Tenant => Key[..Key.IndexOf('/', StringComparison.Ordinal)];
}

/// <summary>What is running of what one token opened.</summary>
internal sealed class TokenUse
{
    /// <summary>
    /// containerd 1.6 sends the token that opened a pull for as long as the pull lasts. A token that expired while a request of its own
    /// was running goes on until the work pauses for this long; session, rules and revocations are checked on every request anyway.
    /// </summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    private int _active;
    private long _lastUse;

    /// <summary>A request begins; call <see cref="End"/> when it is over.</summary>
    public void Begin() => Interlocked.Increment(ref _active);

    public void End(long timestamp)
    {
        Volatile.Write(ref _lastUse, timestamp);
        Interlocked.Decrement(ref _active);
    }

    /// <summary>Whether the work goes on: a request is running, or ended a short while ago.</summary>
    public bool IsOn(TimeProvider time) =>
        Volatile.Read(ref _active) > 0
        || (Volatile.Read(ref _lastUse) is var last and not 0 && time.GetElapsedTime(last) < Pause);
}

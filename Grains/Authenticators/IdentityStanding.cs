using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Identity;

namespace RegistryProxy.Grains.Authenticators;

/// <summary>
/// Whether somebody still is who was proved, looked up no more often than the authenticator wants. While the authenticator cannot say, the
/// last good answer holds for a while.
/// </summary>
internal sealed class IdentityStanding(AuthenticatorDirectory authenticators, TimeProvider time)
{
    /// <summary>How long a directory may be away before sessions need it again.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>How old an answer may be that is wanted fresh: a directory is searched no more often for one identity, however many ask.</summary>
    internal static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);

    private readonly SingleFlight<Verdict> _flight = new();
    private IAuthenticator? _by;
    private Verdict? _last;
    private VerifiedIdentity? _of;
    private DateTimeOffset _checked;
    private DateTimeOffset _good;

    /// <summary>Takes a proof that was just made.</summary>
    public void Proved(TenantConfiguration tenant, VerifiedIdentity identity)
    {
        _by = authenticators.Find(tenant, identity.Authenticator);
        (_of, _last) = (identity, Verdict.Proved(identity));
        _checked = _good = time.GetUtcNow();
    }

    /// <summary>What is so now.</summary>
    /// <param name="tenant">The tenant; <c>null</c> when it is gone.</param>
    /// <param name="known">What was proved; <c>null</c> when nothing was.</param>
    /// <param name="fresh">Whether it must not be older than <see cref="Fresh"/>, however seldom the authenticator wants to be asked.</param>
    public async ValueTask<Verdict> Now(TenantConfiguration? tenant, VerifiedIdentity? known, bool fresh)
    {
        if (known is null || tenant is null || authenticators.Find(tenant, known.Authenticator) is not { } authenticator)
        {
            return Verdict.Unknown;
        }

        if (authenticator.RecheckEvery is not { } every)
        {
            return Verdict.Proved(known);
        }

        var isNew = !ReferenceEquals(authenticator, _by) || !ReferenceEquals(known, _of);
        if (isNew || _last is null || time.GetUtcNow() - _checked >= (fresh && Fresh < every ? Fresh : every))
        {
            (_by, _of) = (authenticator, known);
            await _flight.Join(() => Recheck(authenticator, known));
        }

        return _last!;
    }

    private async Task<Verdict> Recheck(IAuthenticator authenticator, VerifiedIdentity known)
    {
        var verdict = await authenticator.Recheck(known, CancellationToken.None);
        var now = time.GetUtcNow();
        _checked = now;
        if (verdict.Kind != VerdictKind.Unavailable)
        {
            (_last, _good) = (verdict, now);
        }
        else if (_last is null || now - _good > Patience)
        {
            _last = verdict;
        }

        return verdict;
    }
}
